import GatewayCore
import Primitives
import Testing

@testable import HTTPEngine

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

    @Test func rewrittenMethods() {
        func written(_ method: HTTPMethod, _ framing: BodyFraming) -> String {
            let head = RequestHead()
            _ = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: head) }
            head.rewrittenMethod = method
            head.framing = framing
            let out = ByteBuffer()
            HeadWriter.write(head, to: out)
            return out.view.string
        }
        #expect(written(.delete, .none) == "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(written(.put, .none) == "PUT / HTTP/1.1\r\nHost: h\r\ncontent-length: 0\r\n\r\n")
        #expect(written(.put, .length(2)) == "PUT / HTTP/1.1\r\nHost: h\r\ncontent-length: 2\r\n\r\n")
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
