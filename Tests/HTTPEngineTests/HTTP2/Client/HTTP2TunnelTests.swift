import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Extended CONNECT (RFC 8441).
@Suite struct HTTP2TunnelTests {
    let rig = LaneRig { $0.version = .http2 }

    private func ask() -> Outcome {
        let exchange = rig.pool.take()
        let text = "GET /chat HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: secret\r\nSec-WebSocket-Version: 13\r\n\r\n"
        _ = text.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        exchange.request.upgradeSpan = exchange.request.store { $0.append("websocket") }
        exchange.tunnel = .asked
        let outcome = Outcome(exchange)
        exchange.started = rig.network.loop.now
        rig.lane.send(exchange)
        return outcome
    }

    @Test func opened() throws {
        let outcome = ask()
        let raw = try #require(rig.accept())
        #expect(!String(decoding: raw.take(), as: UTF8.self).isEmpty)
        let peer = FramePeer(raw, settings: [(8, 1)])
        rig.network.settle()
        let exchange = try #require(outcome.exchange)
        let request = raw.take()
        #expect(!request.isEmpty, "it waits for the upstream's SETTINGS")
        peer.head(1)
        rig.network.settle()
        #expect(outcome.status == 101 && exchange.tunnel == .open)
        peer.body(1, "down")
        _ = "up".withView { exchange.upstream?.requestBody($0) }
        rig.network.settle()
        #expect(outcome.text == "down" && String(decoding: raw.take(), as: UTF8.self).hasSuffix("up"))
        _ = "last".withView { exchange.upstream?.requestBody($0) }
        peer.body(1, "", isLast: true)
        rig.network.settle()
        #expect(outcome.isComplete && String(decoding: raw.take(), as: UTF8.self).hasSuffix("last") && rig.lane.isQuiet)
    }

    @Test func notSupported() throws {
        let outcome = ask()
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        #expect(outcome.summary == "upstream_bad_response" && peer.frames(FramePeer.headers).isEmpty && rig.lane.isQuiet)
    }

    @Test func refused() throws {
        let outcome = ask()
        let peer = FramePeer(try #require(rig.accept()), settings: [(8, 1)])
        rig.network.settle()
        peer.head(1, status: "403", isLast: true)
        rig.network.settle()
        #expect(outcome.summary == "403 " && rig.lane.isQuiet)
    }
}
