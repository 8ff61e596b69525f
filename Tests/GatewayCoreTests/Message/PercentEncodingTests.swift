import GatewayCore
import Primitives
import Testing

@Suite struct PercentEncodingTests {
    private func encoded(_ text: String, keepsEscapes: Bool = false) -> String {
        let out = ByteBuffer()
        out.append("a b")
        out.append(text: text)
        out.percentEncode(from: 3, keepsEscapes: keepsEscapes)
        return String(out.view.string.dropFirst(3))
    }

    @Test func everythingButUnreserved() {
        #expect(encoded("") == "" && encoded("aZ09-._~") == "aZ09-._~")
        #expect(encoded("a b/c?d#e&f=g+h%41") == "a%20b%2Fc%3Fd%23e%26f%3Dg%2Bh%2541")
        #expect(encoded("é\u{0}\r\n") == "%C3%A9%00%0D%0A")
        #expect(encoded(String(repeating: " ", count: 500)) == String(repeating: "%20", count: 500))
    }

    @Test func escapesThatAreThere() {
        #expect(encoded("%41%2f%4", keepsEscapes: true) == "%41%2f%254")
        #expect(encoded("%zz%", keepsEscapes: true) == "%25zz%25")
        #expect(encoded("%25 41", keepsEscapes: true) == "%25%2041")
    }
}

@Suite struct QueryNameTests {
    /// The bytes of `text` that decode to `name`.
    private func length(_ text: String, _ name: String) -> Int? {
        text.withView { text in name.withView { QueryString.prefix(of: text, decodingTo: $0) } }
    }

    @Test func namesAreComparedDecoded() {
        let rows: [(String, String, Int?)] = [
            ("abc", "abc", 3), ("abc", "ab", 2), ("ab", "abc", nil), ("", "", 0), ("x", "", 0), ("%61b", "ab", 4), ("a+b", "a b", 3),
            ("a%20b", "a b", 5),
            ("a%2", "a%2", 3), ("a%zz", "a%zz", 4), ("%C3%A9", "é", 6), ("A", "a", nil), ("%", "%", 1), ("%2b", "+", 3), ("+", "+", nil),
        ]
        for (text, name, expected) in rows { #expect(length(text, name) == expected, "\(text) \(name)") }
    }

    @Test func piecesKeepWhatIsEmpty() {
        var pieces: [String] = []
        "a=1&&b&".withView { query in
            QueryString.forEachPiece(query) {
                pieces.append($0.string)
                return true
            }
        }
        #expect(pieces == ["a=1", "", "b", ""])
    }
}
