import Identity
import Primitives
import Testing

@Suite("Structured fields")
struct StructuredFieldTests {
    static let cases: [[[UInt8]]] = (try? CaseFile.rows("structured-fields/fields.txt")) ?? []

    /// The field read and written again; nil when it was refused.
    static func rewritten(_ kind: String, _ field: [UInt8]) -> [UInt8]? {
        field.withView { field in
            let out = ByteBuffer()
            do throws(StructuredFieldError) {
                switch kind {
                case "item": try StructuredParser.item(field).write(to: out)
                case "list": try StructuredParser.list(field).write(to: out)
                default: try StructuredParser.dictionary(field).write(to: out)
                }
                return out.view.array
            } catch {
                return nil
            }
        }
    }

    @Test("the table is there") func tableIsThere() { #expect(Self.cases.count > 100) }

    @Test("a field is read and written strictly, or refused", arguments: cases)
    func rewrites(_ row: [[UInt8]]) {
        #expect(Self.rewritten(row[0].text, row[1]) == (row.count > 2 ? row[2] : nil), "\(row[0].text) \(row[1].text)")
    }

    @Test("no truncation of a dictionary is read as something that it does not say")
    func truncations() {
        let whole = Array(#"a=("x";k=1 :AQI=:);p="q", b=%"%c3%a9""#.utf8)
        #expect(Self.rewritten("dictionary", whole) == whole)
        for count in 0..<whole.count {
            guard let written = Self.rewritten("dictionary", Array(whole[..<count])) else { continue }
            #expect(Self.rewritten("dictionary", written) == written)
            #expect(written.count <= count + 4)
        }
    }

    @Test("members and parameters are bounded, and many keys take no longer than few")
    func bounds() {
        func field(_ count: Int, _ separator: String) -> [UInt8] { Array((0..<count).map { "k\($0)" }.joined(separator: separator).utf8) }
        #expect(Self.rewritten("dictionary", field(1024, ", ")) != nil)
        #expect(Self.rewritten("dictionary", field(1025, ", ")) == nil)
        #expect(Self.rewritten("list", field(1025, ", ")) == nil)
        #expect(Self.rewritten("item", field(257, ";")) != nil)
        #expect(Self.rewritten("item", field(258, ";")) == nil)
    }

    @Test("members keep the place of their first key, however many there are")
    func order() {
        var members = StructuredParameters()
        for number in 0..<40 { members["k\(number)"] = .integer(Int64(number)) }
        members["k3"] = .integer(-3)
        members["k39"] = .integer(-39)
        #expect(members.count == 40 && members["k3"]?.integer == -3 && members["k39"]?.integer == -39 && members["k40"] == nil)
        #expect(members.all.map(\.key) == (0..<40).map { "k\($0)" })
    }

    @Test("whatever is read is written so that the same is read again")
    func roundTrips() {
        var random = SystemRandomNumberGenerator()
        let pieces: [String] = [
            "a", "b", "*", "A", "=", ";", ",", " ", "(", ")", "1", "-", ".", "0", "\"", "\\", ":", "AQ==", "?1", "?0", "@", "%\"", "%c3%bc", "\t",
            "a=1", "b;c",
            "\"x\"", ":AQI=:", "(a b)", "é",
        ]
        var read = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            for kind in ["item", "list", "dictionary"] {
                guard let written = Self.rewritten(kind, Array(text.utf8)) else { continue }
                read += 1
                #expect(Self.rewritten(kind, written) == written, "\(kind) \(text)")
            }
        }
        #expect(read > 1000)
    }

    @Test("no value breaks out of its field")
    func injections() {
        let out = ByteBuffer()
        BareItem.string("a\"\r\nb: c\u{e9}\\").write(to: out)
        #expect(out.view == "\"a\\\"b: c\\\\\"")
        out.clear()
        BareItem.token("a b\"c").write(to: out)
        #expect(out.view == "abc")
    }
}
