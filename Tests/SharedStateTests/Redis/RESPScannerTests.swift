import Primitives
import SharedState
import Testing

@Suite struct RESPScannerTests {
    @Test func thereAreCases() { #expect(RESPCase.all.count > 80) }

    @Test(arguments: RESPCase.all) func repliesAreWhatTheySay(_ example: RESPCase) {
        #expect(RESPCase.describe([example.bytes[...]]) == example.expected)
    }

    @Test(arguments: RESPCase.all.filter { $0.bytes.count < 200 }) func piecesChangeNothing(_ example: RESPCase) {
        let bytes = example.bytes
        for first in 0...bytes.count {
            #expect(RESPCase.describe([bytes[..<first], bytes[first...]]) == example.expected, "cut at \(first)")
        }
        #expect(RESPCase.describe(bytes.indices.map { bytes[$0...$0] }) == example.expected, "byte by byte")
    }

    /// Bytes of a broken or hostile server: whatever the pieces, the same is found, and what is found can be read.
    @Test func noBytesAreTooMuch() {
        var random = SeededRandom(seed: 20)
        let alphabet = Array("+-:$*_#,(!=%~|>\r\n0123456789-?tfainxz \u{0}".utf8)
        let whole = RESPCase.all.map(\.bytes).filter { $0.count < 200 }
        for _ in 0..<4000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                if Bool.random(using: &random), var part = whole.randomElement(using: &random) {
                    if Bool.random(using: &random), let index = part.indices.randomElement(using: &random) {
                        part[index] = alphabet.randomElement(using: &random)!
                    }
                    bytes += part
                } else {
                    bytes += (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
                }
            }
            let expected = RESPCase.describe([bytes[...]])
            let cut = Int.random(in: 0...bytes.count, using: &random)
            #expect(RESPCase.describe([bytes[..<cut], bytes[cut...]]) == expected)
            #expect(RESPCase.describe(bytes.indices.map { bytes[$0...$0] }) == expected)
            // Also of what no scanner has found, something can be read.
            bytes.withView { _ = RedisValue(RedisReply($0)) }
        }
    }

    @Test func limitsHold() {
        var limits = RESPLimits()
        limits.bytes = 32
        limits.depth = 2
        limits.elements = 4
        func describe(_ text: String) -> String { RESPCase.describe([Array(text.utf8)[...]], limits) }
        #expect(describe("$22\r\n\(String(repeating: "a", count: 22))\r\n").hasPrefix("\"aaa"))
        #expect(describe("$33\r\n") == "flaw size")
        #expect(describe("*4\r\n$22\r\n\(String(repeating: "a", count: 22))\r\n") == "flaw size")
        #expect(describe("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n") == "[1, 1, 1, 1]")
        #expect(describe("*2\r\n*3\r\n") == "flaw size")
        #expect(describe("*1\r\n*1\r\n*1\r\n") == "flaw nesting")
    }

    @Test func elementsAreReadInPlace() {
        let bytes = Array("*5\r\n:1\r\n$2\r\n42\r\n*2\r\n:7\r\n:8\r\n$-1\r\n#t\r\n".utf8)
        bytes.withView { view in
            let reply = RedisReply(view)
            #expect(reply.count == 5)
            var elements = reply.elements
            #expect(elements.nextInteger() == 1)
            #expect(elements.nextInteger() == 42)
            #expect(elements.next()?.elements.compactMap(\.integer) == [7, 8])
            #expect(elements.next()?.isNull == true)
            #expect(elements.next()?.boolean == true)
            #expect(elements.next() == nil)
        }
    }

    @Test func valuesAreFoundByKey() {
        func value(_ text: String) -> RedisValue { Array(text.utf8).withView { RedisValue(RedisReply($0)) } }
        #expect(value("%1\r\n+port\r\n:6379\r\n")["port"]?.integer == 6379)
        #expect(value("*2\r\n$4\r\nport\r\n$4\r\n6379\r\n")["port"]?.integer == 6379)
        #expect(value("*1\r\n$4\r\nport\r\n")["port"] == nil)
        #expect(value("+port\r\n")["port"] == nil)
    }
}
