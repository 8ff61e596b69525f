import Primitives
import Testing

@Suite struct ByteViewTests {
    @Test func decimals() throws {
        for row in try CaseFile.rows("decimals.txt") {
            let value = row[0].withView { $0.decimal }
            #expect(value.map(String.init) ?? "none" == row[1], "\(row[0])")
        }
    }

    @Test func listElements() throws {
        for row in try CaseFile.rows("lists.txt") {
            var elements: [String] = []
            row[0].withView { view in
                view.forEachListElement {
                    elements.append($0.string)
                    return true
                }
            }
            let expected = row[1].split(separator: "|").map(String.init)
            #expect(elements == expected, "\(row[0])")
        }
    }

    @Test func listStopsWhenTold() {
        var count = 0
        ByteView("a,b,c").forEachListElement {
            count += 1
            return !($0 == "b")
        }
        #expect(count == 2)
    }

    @Test func comparing() {
        #expect(ByteView("Content-TYPE").equalsIgnoringCase("content-type"))
        #expect(!ByteView("content-type").equalsIgnoringCase("content-typ"))
        // Only letters have two cases.
        for (a, b) in [("[", "{"), ("@", "`"), ("^", "~"), ("\u{1}", "!")] {
            a.withView { a in b.withView { #expect(!a.equalsIgnoringCase($0)) } }
        }
        #expect(ByteView("") == ByteView() && ByteView("a") != ByteView("b"))
        #expect(ByteView("abc").hasPrefix("ab") && ByteView("ab").hasPrefix("") && !ByteView("ab").hasPrefix("abc"))
    }

    @Test func slicing() {
        let view = ByteView("hello")
        #expect(view[1..<3] == "el" && view.dropFirst(2) == "llo" && view.dropFirst(9).isEmpty && view.prefix(9) == "hello")
        #expect(view.offset(of: view[3..<5]) == 3)
        #expect(view.firstIndex(of: UInt8(ascii: "l")) == 2 && view.firstIndex(of: UInt8(ascii: "l"), from: 3) == 3)
        #expect(view.firstIndex(of: UInt8(ascii: "l"), from: 4) == nil && view.firstIndex(of: 0, from: 5) == nil)
        #expect(ByteView(" \t a b\t ").trimmed == "a b" && ByteView(" \t").trimmed.isEmpty)
    }

    /// The two-word tables against the grammar, byte by byte.
    @Test func classesOfBytes() {
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8), digits = Set("0123456789".utf8)
        let token = letters.union(digits).union("!#$%&'*+-.^_`|~".utf8)
        let unreserved = letters.union(digits).union("-._~".utf8)
        let path = unreserved.union("!$&'()*+,;=:@/".utf8)
        for byte in UInt8.min ... .max {
            #expect(ASCII.isToken(byte) == token.contains(byte), "token \(byte)")
            #expect(ASCII.isUnreserved(byte) == unreserved.contains(byte), "unreserved \(byte)")
            #expect(ASCII.isPath(byte) == path.contains(byte), "path \(byte)")
            #expect(ASCII.isPlainPath(byte) == path.subtracting("/.".utf8).contains(byte), "plain path \(byte)")
            #expect(ASCII.isLetter(byte) == letters.contains(byte) && ASCII.isDigit(byte) == digits.contains(byte))
            #expect(ASCII.isFieldValue(byte) == (byte == 9 || (byte >= 0x20 && byte != 0x7f)))
            let text = String(Unicode.Scalar(byte))
            #expect(ASCII.hexValue(byte).map(Int.init) == (byte < 0x80 ? Int(text, radix: 16) : nil), "hex \(byte)")
            #expect(ASCII.lowercase(byte) == (byte < 0x80 ? text.lowercased().utf8.first : byte))
            #expect(ASCII.uppercase(byte) == (byte < 0x80 ? text.uppercased().utf8.first : byte))
        }
        for value in UInt8(0)..<16 { #expect(ASCII.hexValue(ASCII.hexDigit(value)) == value) }
    }
}
