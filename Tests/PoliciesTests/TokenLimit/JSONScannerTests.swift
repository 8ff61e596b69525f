import Primitives
import Testing

@testable import Policies

@Suite struct JSONScannerTests {
    private static let paths: JSONPaths = {
        var paths = JSONPaths()
        paths.add("usage.in", .number(.prompt))
        paths.add("usage.out", .number(.completion))
        paths.add("all", .number(.total))
        paths.add("choices.text", .text)
        paths.add("stream", .stream)
        return paths
    }()

    /// What is found in a text that comes in pieces; strings are put together again.
    private static func find(_ pieces: [ByteView]) -> [String] {
        var scanner = JSONScanner(paths)
        var found: [String] = []
        var text = 0
        func note(_ next: JSONScanner.Found) {
            switch next {
            case .number(.number(let part), let count): found.append("\(part)=\(count)")
            case .number(let find, let count): found.append("\(find)=\(count)")
            case .text(.text, let count): text += count
            case .text(let find, let count): found.append("\(find) text \(count)")
            case .other(.number, _): break
            case .other(let find, let byte): found.append("\(find) \(Character(UnicodeScalar(byte)))")
            }
        }
        for piece in pieces { scanner.scan(piece, note) }
        scanner.end(note)
        return text > 0 ? found + ["text \(text)"] : found
    }

    static let cases: [(json: String, found: [String])] = [
        (#"{"usage":{"in":12,"out":345}}"#, ["prompt=12", "completion=345"]),
        (#" { "usage" : { "in" : 12 , "x" : [ 1 , { "in" : 9 } ] , "out" : 0 } } "#, ["prompt=12", "completion=0"]),
        (#"{"usage":null,"all":7}"#, ["total=7"]),
        // Arrays count as nothing, and only where they stand on the way.
        (#"[{"all":1},{"all":2}]"#, ["total=1", "total=2"]),
        (#"{"usage":[{"in":1},{"in":2}]}"#, ["prompt=1", "prompt=2"]),
        (#"{"all":[3,4]}"#, ["total=3", "total=4"]),
        (#"{"x":{"usage":{"in":1}},"usages":{"in":2},"usage":{"inn":3}}"#, []),
        // What stands in strings is no structure.
        (#"{"x":"{\"usage\":{\"in\":1}}","y":"\\","all":5}"#, ["total=5"]),
        (#"{"\u0061ll":6,"a\u006cl":7,"\/all":8}"#, ["total=6", "total=7"]),
        (#"{"choices":[{"text":"hello"},{"text":"a\nb\u00e9"},{"text":""}]}"#, ["text 9"]),
        (#"{"choices":[{"text":{"all":1}}]}"#, ["text {"]),
        (#"{"stream":true}"#, ["stream t"]),
        (#"{"stream" : false, "all": 3}"#, ["stream f", "total=3"]),
        // Numbers in all their forms.
        (#"{"all":1.9}"#, ["total=1"]), (#"{"all":12e2}"#, ["total=1200"]), (#"{"all":1.25E+1}"#, ["total=12"]),
        (#"{"all":1500e-2}"#, ["total=15"]), (#"{"all":-3}"#, ["total=0"]), (#"{"all":99999999999999999999999}"#, ["total=9007199254740992"]),
        (#"{"all":1e99999}"#, ["total=9007199254740992"]), (#"{"all":0.5e1}"#, ["total=5"]), (#"{"all":0e99}"#, ["total=0"]), ("12", []),
        // One text behind the other.
        ("{\"all\":1}\n{\"all\":2}", ["total=1", "total=2"]),
        // Deeper than anybody looks, and back.
        (String(repeating: "[", count: 40) + #"{"all":1}"# + String(repeating: "]", count: 40) + #"{"all":2}"#, ["total=2"]),
        (String(repeating: #"{"x":"#, count: 40) + #"{"all":1,"y":"z"}"# + String(repeating: "}", count: 40) + #"{"all":2}"#, ["total=2"]),
        (#"{"usage":{"x":"# + String(repeating: "[", count: 30) + String(repeating: "]", count: 30) + #","in":4}}"#, ["prompt=4"]),
        (#"{""# + String(repeating: "n", count: 200) + #"":1,"all":2}"#, ["total=2"]),
        // No JSON leads nowhere.
        (#"{"all":1] {"all":2}"#, ["total=1"]), ("[DONE]", []), (#"{all:1}"#, []), ("", []), ("]", []), (#"{"all""all":1}"#, []),
    ]

    @Test(arguments: cases) func values(_ json: String, _ found: [String]) {
        #expect(json.withView { JSONScannerTests.find([$0]) } == found)
    }

    /// Wherever a text is cut in two or three, and byte by byte, the same is found in it.
    @Test(arguments: cases) func cuts(_ json: String, _ found: [String]) {
        json.withView { bytes in
            #expect(JSONScannerTests.find((0..<bytes.count).map { bytes[$0..<$0 + 1] }) == found)
            for first in 0...bytes.count {
                #expect(JSONScannerTests.find([bytes.prefix(first), bytes.dropFirst(first)]) == found, "cut at \(first)")
                for second in stride(from: first, through: bytes.count, by: 7) {
                    #expect(
                        JSONScannerTests.find([bytes.prefix(first), bytes[first..<second], bytes.dropFirst(second)]) == found,
                        "cut at \(first) and \(second)")
                }
            }
        }
    }

    /// Nothing that comes does more than lead nowhere.
    @Test func anything() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]",:\u0a1-.e trufalsn"#.utf8)
        for _ in 0..<3000 {
            let bytes = (0..<40).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            let whole = bytes.withView { JSONScannerTests.find([$0]) }
            let split = bytes.withView { view in JSONScannerTests.find((0..<view.count).map { view[$0..<$0 + 1] }) }
            #expect(whole == split, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
