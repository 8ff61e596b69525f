import GatewayCore
import Primitives
import Testing

@testable import HTTPEngine

@Suite struct AuthorityTests {
    @Test func lengthsOfHosts() {
        let rows: [(String, Int?)] = [
            ("a", 1), ("example.org", 11), ("example.org:80", 11), ("example.org:", 11), ("[::1]", 5), ("[::1]:8080", 5), ("a_b-c~d", 7),
            ("192.0.2.1:1", 9), ("", nil), (":80", nil), ("a:99999", nil), ("a:123456", nil), ("a:+1", nil), ("[::1", nil), ("[]", nil), ("[g]", nil),
            ("a@b", nil), ("a/b", nil), ("a b", nil), (".a", nil), ("a%41", nil), ("[::1]80", nil), ("caffè", nil),
        ]
        for (text, length) in rows { #expect(text.withView { Authority.hostLength($0) } == length, "\(text)") }
        #expect(String(repeating: "a", count: 512).withView { Authority.hostLength($0) } == 512)
        #expect(String(repeating: "a", count: 513).withView { Authority.hostLength($0) } == nil)
    }
}

@Suite struct HeadWriterTests {
    @Test func requests() {
        let head = RequestHead()
        let text = "POST /a/../b?c HTTP/1.0\r\nHost: h\r\nContent-Length: 3\r\nX: y\r\n\r\n"
        _ = text.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: head) }
        let out = ByteBuffer()
        HeadWriter.write(head, to: out)
        #expect(out.view.string == "POST /a/../b?c HTTP/1.1\r\nHost: h\r\nX: y\r\ncontent-length: 3\r\n\r\n")
        head.forwardSpan = head.store { $0.append("/z") }
        head.framing = .chunked
        out.clear()
        HeadWriter.write(head, to: out)
        #expect(out.view.string == "POST /z HTTP/1.1\r\nHost: h\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n")
        head.framing = .none
        out.clear()
        HeadWriter.write(head, to: out)
        #expect(out.view.string == "POST /z HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n")
    }

    @Test func statusLines() {
        func line(_ status: Int, _ reason: String = "") -> String {
            let head = ResponseHead()
            head.status = status
            if !reason.isEmpty {
                head.fields.storage.append(text: reason)
                head.reasonSpan = .init(0..<reason.utf8.count)
            }
            let out = ByteBuffer()
            HeadWriter.writeStatusAndFields(head, to: out)
            return out.view.string
        }
        #expect(line(200) == "HTTP/1.1 200 OK\r\n")
        #expect(line(404) == "HTTP/1.1 404 Not Found\r\n")
        #expect(line(404, "Gone Fishing") == "HTTP/1.1 404 Gone Fishing\r\n")
        #expect(line(299) == "HTTP/1.1 299 \r\n")
    }
}
