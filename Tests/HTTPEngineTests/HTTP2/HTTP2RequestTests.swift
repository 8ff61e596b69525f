import GatewayCore
import HTTPEngine
import Primitives
import ReactorTesting
import Testing

@Suite struct HTTP2RequestTests {
    @Test func requestsAreAnsweredTogether() throws {
        let (rig, wire) = try ServerRig.http2()
        let before = wire.peer.sends
        wire.request(1, "GET", "/a?x")
        wire.request(3, "DELETE", "/b")
        #expect(
            rig.hear(wire) == [
                "1 head :status=200 content-length=6", "3 head :status=200 content-length=9", "1 data GET /a end", "3 data DELETE /b end",
            ])
        #expect(wire.peer.sends == before + 1, "what one turn answers is sent at once")
        #expect(rig.takeLog() == ["GET /a 200", "DELETE /b 200"] && rig.pool.inUse == 0)
    }

    @Test func thePrefaceMayComeInPieces() throws {
        let rig = try ServerRig { $0.served = .detect }
        let wire = HTTP2Wire(rig.client())
        for byte in HTTP2Wire.preface {
            wire.peer.send([byte])
            rig.network.settle()
        }
        wire.frame(4)
        wire.request(1)
        #expect(rig.hear(wire).first == "1 head :status=200 content-length=5")
        #expect(rig.ask(rig.client(), .get()) == ServerRig.wire("GET /"), "HTTP/1 is spoken beside it")
        #expect(rig.ask(rig.client(), "PRI /x HTTP/1.1\r\nHost: a\r\n\r\n") == ServerRig.wire("PRI /x"), "a method like any other")
    }

    @Test func onlyOneVersion() throws {
        let http2 = try ServerRig { $0.served = .http2 }
        let old = http2.client()
        old.send(.get())
        http2.network.settle()
        #expect(old.isClosed && http2.connectionFailures == [.badPreface] && http2.server.openConnections == 0)
        let http1 = try ServerRig()
        #expect(http1.ask(http1.client(), String(decoding: HTTP2Wire.preface, as: UTF8.self)).hasPrefix("HTTP/1.1 505"))
    }

    @Test func behindAProxyHeader() throws {
        for served in [ServedProtocol.detect, .http2] {
            let rig = try ServerRig {
                $0.served = served
                $0.proxyProtocol = true
            }
            rig.handle = { ServerRig.reply($0, 200, "\($0.client.address)") }
            let wire = HTTP2Wire(rig.client())
            wire.peer.send("PROXY TCP4 192.0.2.9 192.0.2.1 4000 80\r\n")
            wire.greet()
            wire.request(1)
            #expect(rig.hear(wire).last == "1 data 192.0.2.9 end")
        }
    }

    @Test func theHeadAsRoutesSeeIt() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = {
            let head = $0.request
            let cookie = head.fields[.cookie]?.string ?? ""
            let text = "\(head.host.string)|\(head.authority.string)|\(head.path.string)|\(head.query?.string ?? "")|\(cookie)|\(head.majorVersion)"
            ServerRig.reply($0, 200, "\(text)|\(head.fields[.host]?.string ?? "")|\(head.framing)")
        }
        wire.headers(
            1,
            [
                (":method", "GET"), (":scheme", "http"), (":path", "/a/../%62?q"), (":authority", "Example.COM:80"), ("cookie", "a=1"),
                ("x", "y"), ("cookie", "b=2"), ("te", "trailers"),
            ])
        #expect(rig.hear(wire).last == "1 data example.com|Example.COM:80|/b|q|a=1; b=2|2|Example.COM:80|none end")
        wire.headers(3, [(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), ("host", "a")])
        #expect(rig.hear(wire).last == "3 data a|a|*|||2|a|none end")
    }

    /// Malformed requests: their stream is reset with PROTOCOL_ERROR (RFC 9113 §8.1.1), others go on.
    @Test(arguments: [
        [("connection", "close")], [("transfer-encoding", "chunked")], [("te", "gzip")], [("keep-alive", "1")], [("proxy-connection", "x")],
        [("upgrade", "x")], [("Upper", "x")], [("x", "a\nb")], [(":path", "/again")], [(":what", "x")], [("content-length", "5")],
        [("content-length", "x")],
    ])
    func malformedRequests(fields: [(String, String)]) throws {
        let (rig, wire) = try ServerRig.http2()
        wire.request(1, "GET", "/", fields)
        wire.request(3)
        #expect(rig.hear(wire) == ["1 reset 1", "3 head :status=200 content-length=5", "3 data GET / end"])
        #expect(rig.takeLog() == ["GET / 200"] && rig.pool.inUse == 0 && rig.server.counters.protocolErrors > 0)
    }

    /// A request that is well-formed and refused all the same.
    struct Refusal {
        var method = "GET"
        var path = "/"
        var authority = "a"
        var more: [(String, String)] = []
        var status = 400
        var reason: String
    }

    private static let refusals = [
        Refusal(more: [("host", "b")], reason: "bad_host"),
        Refusal(path: "/%zz", reason: "bad_target"),
        Refusal(authority: "user@a", reason: "bad_host"),
        Refusal(path: "/" + String(repeating: "x", count: 9000), status: 414, reason: "target_too_long"),
        Refusal(more: [("x", String(repeating: "x", count: 14_000))], status: 431, reason: "headers_too_large"),
        Refusal(more: (0..<101).map { ("x\($0)", "") }, status: 431, reason: "too_many_headers"),
        Refusal(more: [("expect", "more")], status: 417, reason: "expectation_failed"),
        Refusal(method: "CONNECT", path: "", status: 501, reason: "connect_refused"),
    ]

    @Test(arguments: refusals.indices) func refusedRequests(index: Int) throws {
        let refusal = HTTP2RequestTests.refusals[index]
        let (status, reason) = (refusal.status, refusal.reason)
        let (rig, wire) = try ServerRig.http2 { $0.head.bytes = 12_000 }
        let target = refusal.path.isEmpty ? [] : [(":scheme", "http"), (":path", refusal.path)]
        wire.headers(1, [(":method", refusal.method), (":authority", refusal.authority)] + target + refusal.more)
        #expect(rig.hear(wire) == ["1 head :status=\(status) content-length=\(reason.utf8.count)", "1 data \(reason) end"])
        wire.request(3)
        #expect(rig.hear(wire).first == "3 head :status=200 content-length=5", "the connection goes on")
        #expect(rig.pool.inUse == 0)
    }

    @Test func moreStreamsThanAllowed() throws {
        let (rig, wire) = try ServerRig.http2 { $0.streams = 2 }
        var held: [Exchange] = []
        rig.handle = { held.append($0) }
        for id: UInt32 in [1, 3] { wire.request(id) }
        #expect(rig.hear(wire) == [] && held.count == 2)
        for exchange in held { ServerRig.reply(exchange, 200, "x") }
        #expect(rig.hear(wire).count == 4)
        wire.request(5)
        rig.network.settle()
        #expect(held.count == 3, "an ended stream makes room")
        wire.request(7)
        wire.request(9)
        #expect(!rig.hear(wire).isEmpty && held.count == 4, "the fifth is refused")
        for exchange in held.dropFirst(2) where !exchange.isFinished { ServerRig.reply(exchange, 200, "x") }
    }
}
