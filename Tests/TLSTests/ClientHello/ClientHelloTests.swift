import Primitives
import TLS
import Testing

/// The names and protocols of a ClientHello, and what is none, from messages that the tests put together.
@Suite struct ClientHelloTests {
    private let scratch = ByteBuffer()

    private func describe(_ bytes: [UInt8]) -> String {
        bytes.withView { view in
            switch ClientHello.parse(view, scratch: scratch) {
            case .incomplete: return "incomplete"
            case .notTLS: return "not TLS"
            case .malformed(let reason): return "malformed: \(reason)"
            case .hello(let hello):
                var parts = [hello.serverName.string]
                hello.forEachProtocol {
                    parts.append($0.string)
                    return true
                }
                return parts.joined(separator: " ")
            }
        }
    }

    @Test func namesAndProtocols() {
        #expect(
            describe(records(HelloText.message([HelloText.name("db.example.com"), HelloText.protocols("h2", "http/1.1")])))
                == "db.example.com h2 http/1.1")
        #expect(describe(records(HelloText.message([HelloText.extension(43, [2, 3, 4]), HelloText.name("a")]))) == "a")
        #expect(describe(records(HelloText.message([HelloText.protocols("h2")]))) == " h2")
        #expect(describe(records(HelloText.message([]))) == "")
        #expect(describe(records(HelloText.message(nil))) == "", "TLS 1.2 without extensions")
    }

    @Test func recordsOfAnySizeAreTheSame() {
        let message = HelloText.message([HelloText.name("db.example.com"), HelloText.protocols("h2")])
        for size in 1...message.count { #expect(describe(records(message, size: size)) == "db.example.com h2", "\(size)") }
    }

    @Test(arguments: [1, 3, 40, 16_000]) func everyPrefixIsIncomplete(size: Int) {
        let whole = records(HelloText.message([HelloText.name("db.example.com"), HelloText.protocols("h2")]), size: size)
        for count in whole.indices { #expect(describe(Array(whole[..<count])) == "incomplete", "\(count)") }
        #expect(describe(whole + [0xff, 0, 1]) == "db.example.com h2", "what follows is somebody else's")
    }

    /// Cut short inside, with all lengths outside right: every place is noticed, or is the end of the optional part.
    @Test func everyTruncatedBodyIsMalformed() {
        let body = Array(HelloText.message([HelloText.name("db.example.com"), HelloText.protocols("h2")]).dropFirst(4))
        let optional = body.count - HelloText.extensionsLength([HelloText.name("db.example.com"), HelloText.protocols("h2")])
        for count in body.indices {
            let result = describe(records(HelloText.handshake(Array(body[..<count]))))
            #expect(count == optional ? result == "" : result.hasPrefix("malformed"), "\(count): \(result)")
        }
    }

    @Test func whatIsNoHello() {
        #expect(describe([]) == "incomplete")
        #expect(describe(Array("GET / HTTP/1.1\r\n".utf8)) == "not TLS")
        #expect(describe([0x80, 0x2e, 1, 0, 2]) == "not TLS", "SSL 2")
        #expect(describe([22, 2]) == "not TLS")
        #expect(describe([22, 3, 1, 0, 0]).hasPrefix("malformed"), "an empty record (RFC 8446 §5.1)")
        #expect(describe([22, 3, 1, 0x40, 1]).hasPrefix("malformed"), "a record of more than 2^14 bytes")
        #expect(describe([22, 3, 1, 0, 4, 2]).hasPrefix("malformed"), "a ServerHello")
        #expect(describe([22, 3, 1, 0, 4, 1, 0, 0x40, 0]).hasPrefix("malformed"), "longer than anybody waits for")
        #expect(describe([22, 3, 1, 0, 1, 1, 21]).hasPrefix("malformed"), "an alert in between")
    }

    @Test func malformedExtensions() {
        let name = HelloText.name("a.example")
        for (what, extensions) in [
            ("two names", [name, name]), ("two lists", [HelloText.protocols("h2"), HelloText.protocols("h2")]),
            ("no name", [HelloText.extension(0, [])]), ("an empty list", [HelloText.extension(0, [0, 0])]),
            ("an empty name", [HelloText.name("")]), ("another type of name", [HelloText.extension(0, [0, 4, 1, 0, 1, 97])]),
            ("a space", [HelloText.name("a b")]), ("a zero byte", [HelloText.name("a\u{0}")]),
            ("a name beyond 255 bytes", [HelloText.name(String(repeating: "a", count: 256))]),
            ("an empty protocol", [HelloText.protocols("")]), ("no protocol", [HelloText.extension(16, [0, 0])]),
            ("a length too long", [[0, 0, 0, 9, 1]]),
        ] {
            #expect(describe(records(HelloText.message(extensions))).hasPrefix("malformed"), "\(what)")
        }
    }

    @Test func aMessageInTinyRecordsIsNotCollectedForEver() {
        let endless = records(HelloText.handshake([UInt8](repeating: 3, count: 16_000)), size: 1)
        #expect(describe(Array(endless[..<16_383])) == "incomplete")
        #expect(describe(Array(endless[..<16_384])).hasPrefix("malformed"))
    }

    private func records(_ message: [UInt8], size: Int = 16_000) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start -> [UInt8] in
            let piece = message[start..<min(start + size, message.count)]
            return [22, 3, 1, UInt8(piece.count >> 8), UInt8(piece.count & 0xff)] + piece
        }
    }
}
