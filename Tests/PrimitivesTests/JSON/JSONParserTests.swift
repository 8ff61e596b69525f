import Primitives
import Testing

@Suite("JSON: parsing")
struct JSONParserTests {
    struct Case: Sendable {
        let text: [UInt8]
        let expected: String
    }

    static let cases: [Case] = ((try? CaseFile.byteRows("json.tsv")) ?? []).filter { $0.count == 2 }
        .map { Case(text: $0[0], expected: String(decoding: $0[1], as: UTF8.self)) }

    @Test("the table is there") func tableIsThere() { #expect(Self.cases.count > 60) }

    @Test("a text is read, or refused where it is wrong", arguments: cases)
    func parses(_ example: Case) {
        let result: String
        do throws(JSONError) {
            result = String(decoding: try JSON.parse(example.text).bytes, as: UTF8.self)
        } catch {
            result = "\(error.flaw)@\(error.offset)"
        }
        #expect(result == example.expected, "\(String(decoding: example.text, as: UTF8.self))")
    }

    @Test("every truncation of a text is refused")
    func truncations() {
        let whole = Array(#"{"a":[1,-2.5e+3,"x\u00e9\ud83d\ude00"],"b":{"c":true,"d":null,"e":false}}"#.utf8)
        #expect(throws: Never.self) { try JSON.parse(whole) }
        for count in 0..<whole.count { #expect(throws: JSONError.self) { try JSON.parse(Array(whole[..<count])) } }
    }

    @Test("depth, length and number of values are bounded")
    func limits() {
        func flaw(_ text: String, _ limits: JSONLimits) -> JSONError.Flaw? {
            do throws(JSONError) { _ = try JSON.parse(Array(text.utf8).withView { $0.array }, limits: limits) } catch { return error.flaw }
            return nil
        }
        #expect(flaw("[[1]]", JSONLimits(depth: 2)) == nil)
        #expect(flaw("[[1]]", JSONLimits(depth: 1)) == .tooDeep)
        #expect(flaw(#"{"a":{}}"#, JSONLimits(depth: 1)) == .tooDeep)
        #expect(flaw("[1,2]", JSONLimits(values: 3)) == nil)
        #expect(flaw("[1,2]", JSONLimits(values: 2)) == .tooManyValues)
        #expect(flaw("true", JSONLimits(bytes: 3)) == .tooLong)
        #expect(flaw(String(repeating: "[", count: 1_000_000), JSONLimits()) == .tooDeep)
    }

    @Test("values are found by name and kind")
    func accessors() throws {
        let json = try JSON.parse(#"{"n":7,"f":1.5,"big":1e400,"s":"x","b":true,"z":null,"l":["a","b"],"mixed":["a",1]}"#)
        #expect(json["n"]?.int == 7)
        #expect(json["f"]?.int == nil)
        #expect(json["f"]?.double == 1.5)
        #expect(json["big"]?.int == nil)
        #expect(json["s"]?.string == "x")
        #expect(json["b"]?.bool == true)
        #expect(json["z"]?.isNull == true)
        #expect(json["l"]?.strings == ["a", "b"])
        #expect(json["mixed"]?.strings == nil)
        #expect(json["nothing"] == nil)
        #expect(JSON.string("x")["n"] == nil)
    }

    @Test(
        "whole numbers keep their value, however they are written",
        arguments: [
            ("1", 1), ("-0", 0), ("1.0", 1), ("1e3", 1000), ("9223372036854775807", Int.max), ("9223372036854775808", nil), ("1e16", nil),
            ("0.5", nil),
        ] as [(String, Int?)])
    func integers(_ text: String, _ expected: Int?) throws { #expect(try JSON.parse(text).int == expected) }

    @Test("objects are equal whatever their order, and change by name")
    func objects() throws {
        var object = try #require(try JSON.parse(#"{"a":1,"b":2}"#).object)
        #expect(JSON.object(object) == ["b": 2, "a": 1])
        object["a"] = nil
        object["c"] = "x"
        #expect(String(decoding: JSON.object(object).bytes, as: UTF8.self) == #"{"b":2,"c":"x"}"#)
    }
}
