import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

@Suite struct ErrorResponseTests {
    private func refusal(_ accept: String?) throws -> String {
        let rig = try WorkerRig("apis: [{ name: a, routes: [{ match: { path: /x }, respond: { body: x } }] }]")
        return rig.ask(.get("/", accept.map { "Accept: \($0)\r\n" } ?? ""))
    }

    @Test(
        arguments: [
            (nil, "application/problem+json"), ("*/*", "application/problem+json"), ("application/json", "application/problem+json"),
            ("application/*", "application/problem+json"), ("application/problem+json, text/html", "application/problem+json"),
            ("image/png", "application/problem+json"), ("text/html", "text/html; charset=utf-8"), ("TEXT/HTML;q=0.5", "text/html; charset=utf-8"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("text/*", "text/plain; charset=utf-8"), ("text/plain, text/html", "text/html; charset=utf-8"), ("", "application/problem+json"),
        ] as [(String?, String)]) func mediaTypes(_ accept: String?, _ type: String) throws
    {
        let answer = try refusal(accept)
        #expect(answer.field("content-type") == type)
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.contains("route_not_found") && answer.field("x-request-id")?.count == 36)
    }

    /// RFC 9457 and RFC 9209.
    @Test func problemDetails() throws {
        let answer = try refusal(nil)
        let id = try #require(answer.field("x-request-id"))
        let body = try #require(answer.split(separator: "\r\n\r\n").last)
        #expect(
            body == """
                {"type":"urn:sluice:error:route_not_found","title":"No route matches","status":404,"detail":"No route matches this host and path.",\
                "reason":"route_not_found","requestId":"\(id)"}

                """)
        #expect(answer.field("proxy-status") == "sluice; error=destination_not_found; details=\"route_not_found\"")
        #expect(answer.field("content-length") == "\(body.utf8.count)" && answer.field("retry-after") == nil)
    }

    /// What a client sent never comes back in an answer that a browser would render.
    @Test func nothingOfTheRequestIsEchoed() throws {
        let rig = try WorkerRig("apis: []")
        let answer = rig.ask(.get("/%3Cscript%3Ealert(1)", "Accept: text/html\r\nX-Request-Id: <b>\r\n"))
        #expect(!answer.contains("script") && !answer.contains("<b>"))
    }

    @Test func everyReasonRendersAsAWholeMessage() throws {
        for reason in Reason.builtIn {
            for accept in ["application/json", "text/html", "text/plain"] {
                let rig = try WorkerRig("apis: []")
                let exchange = rig.worker.pool.take()
                _ = String.get("/", "Accept: \(accept)\r\n").withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
                let sink = Sink()
                exchange.downstream = sink
                ErrorResponse.send(GatewayError(reason, "say \"no\"\n\\"), on: exchange, scratch: ByteBuffer())
                #expect(sink.status == reason.status && sink.framing == .length(sink.body.count) && sink.hasEnded)
                let text = String(decoding: sink.body, as: UTF8.self)
                #expect(text.contains("\(reason.code)"))
                if accept == "application/json" { #expect(text.contains(#""detail":"say \"no\" \\","#)) }
                #expect((exchange.response.fields[.retryAfter] != nil) == (reason.status == 503 || reason.status == 429))
            }
        }
    }

    private final class Sink: Downstream {
        var status = 0
        var framing: BodyFraming?
        var body: [UInt8] = []
        var hasEnded = false
        var isBackedUp: Bool { false }
        func sendInformational(_ exchange: Exchange) {}
        func sendHead(_ exchange: Exchange) {
            status = exchange.response.status
            framing = exchange.response.framing
        }
        func sendBody(_ bytes: ByteView) { body += bytes.array }
        func sendEnd(trailers: HeaderFields?) { hasEnded = true }
        func abort(_ error: GatewayError) {}
        func flush() -> Bool { true }
        func wantsRequestBody() {}
    }
}
