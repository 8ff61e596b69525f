import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct HTTP2ConnectionTests {
    /// The codes of RFC 9113 §7.
    private static let calm = 11

    @Test func draining() throws {
        let (rig, wire) = try ServerRig.http2()
        var held: Exchange?
        rig.handle = { held = $0 }
        wire.request(1)
        rig.network.settle()
        rig.server.drain(grace: .seconds(1))
        #expect(rig.hear(wire) == ["goaway \(Int32.max) 0"], "told in advance, so that no request is lost")
        let first = held
        wire.request(3)
        rig.network.settle()
        #expect(held !== first, "it was on its way")
        rig.network.advance(.seconds(2))
        #expect(wire.lines() == ["goaway 3 0"])
        wire.request(5)
        for exchange in [first, held] { if let exchange { ServerRig.reply(exchange, 200, "x") } }
        #expect(rig.hear(wire).count == 4 && wire.peer.sawEnd, "no stream is left")
        #expect(rig.server.openConnections == 0 && rig.pool.inUse == 0)
    }

    @Test func drainingAnIdleConnection() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.server.drain(grace: .seconds(1))
        rig.network.advance(.seconds(2))
        #expect(wire.lines().last == "goaway 0 0" && wire.peer.sawEnd && rig.server.openConnections == 0)
    }

    @Test func enoughRequests() throws {
        let (rig, wire) = try ServerRig.http2 { $0.requestsPerConnection = 2 }
        for id: UInt32 in [1, 3] { wire.request(id) }
        let lines = rig.hear(wire)
        #expect(lines.contains("goaway 3 0") && lines.contains("3 data GET / end") && wire.peer.sawEnd)
    }

    @Test(arguments: [
        (type: UInt8(6), payload: 8, frames: 80), (4, 0, 40), (2, 5, 500), (3, 4, 250), (0, 0, 80),
    ])
    func floods(type: UInt8, payload: Int, frames: Int) throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = { _ in }
        if type == 0 { wire.request(1, "POST", ends: false) }
        for i in 0..<frames {
            let stream = type == 0 ? 1 : type == 2 || type == 3 ? UInt32(2 * i + 1) : 0
            if type == 3 { wire.request(stream) }
            wire.frame(type, stream: stream, payload: [UInt8](repeating: 0, count: payload))
        }
        #expect(rig.hear(wire).last?.hasSuffix(" \(HTTP2ConnectionTests.calm)") == true)
        #expect(wire.peer.sawEnd && rig.server.counters.floods == 1 && rig.connectionFailures == [.tooManyFrames])
        #expect(rig.pool.inUse == 0 && rig.server.openConnections == 0)
    }

    @Test func aHeadThatNeverEnds() throws {
        let (rig, wire) = try ServerRig.http2()
        wire.frame(1, flags: 1, stream: 1, payload: HTTP2Wire.compressed([(":method", "GET")]))
        for _ in 0..<150 { wire.frame(9, stream: 1, payload: HTTP2Wire.compressed([("x", "y")])) }
        #expect(rig.hear(wire).last?.hasSuffix(" \(HTTP2ConnectionTests.calm)") == true)
        #expect(rig.server.counters.floods == 1 && rig.pool.inUse == 0)
    }

    @Test func timeouts() throws {
        func rig() throws -> (ServerRig, HTTP2Wire) {
            try ServerRig.http2 {
                $0.headerTimeout = .seconds(5)
                $0.idleTimeout = .seconds(20)
                $0.progressTimeout = .seconds(10)
            }
        }
        let (idle, quiet) = try rig()
        quiet.request(1)
        idle.network.advance(.seconds(19))
        #expect(!quiet.peer.isClosed)
        idle.network.advance(.seconds(2))
        #expect(quiet.lines().last == "goaway 1 0" && quiet.peer.sawEnd && idle.server.openConnections == 0)

        let (head, slow) = try rig()
        slow.frame(1, flags: 1, stream: 1, payload: HTTP2Wire.compressed([(":method", "GET")]))
        head.network.advance(.seconds(6))
        #expect(slow.lines().last == "goaway 1 11" && slow.peer.sawEnd && head.pool.inUse == 0)

        let (body, uploading) = try rig()
        var sinks: [BodySink] = []
        body.handle = { sinks.append(BodySink($0)) }
        uploading.request(1, "POST", ends: false)
        body.network.advance(.seconds(9))
        uploading.data(1, "x")
        body.network.advance(.seconds(9))
        #expect(uploading.lines().allSatisfy { $0.hasPrefix("1 window") })
        body.network.advance(.seconds(2))
        #expect(uploading.lines().first == "1 head :status=408 content-length=12")
        #expect(sinks.first?.cancelled?.reason == .bodyTimeout && !uploading.peer.isClosed && body.pool.inUse == 0)
    }

    @Test func aClientThatSaysNothingAfterThePreface() throws {
        let rig = try ServerRig { $0.served = .http2 }
        let wire = HTTP2Wire(rig.client())
        wire.peer.send(HTTP2Wire.preface)
        rig.network.advance(.seconds(11))
        #expect(wire.lines().last == "goaway 0 4" && wire.peer.sawEnd && rig.connectionFailures == [.headerTimeout])
    }

    @Test func aClientThatTakesNothing() throws {
        let (rig, wire) = try ServerRig.http2(settings: [(4, 1 << 20)], capacity: 4096) { $0.progressTimeout = .seconds(10) }
        rig.handle = { ServerRig.reply($0, 200, String(repeating: "x", count: 60_000)) }
        wire.request(1)
        rig.network.advance(.seconds(9))
        #expect(!wire.peer.isClosed)
        rig.network.advance(.seconds(2))
        #expect(wire.peer.sawReset && rig.server.openConnections == 0 && rig.pool.inUse == 0)
    }

    @Test func aClientThatLeaves() throws {
        let (rig, wire) = try ServerRig.http2()
        var sinks: [BodySink] = []
        rig.handle = { sinks.append(BodySink($0)) }
        wire.request(1, "POST", ends: false)
        wire.request(3)
        rig.network.settle()
        wire.peer.close()
        rig.network.settle()
        #expect(sinks.map { $0.cancelled?.reason } == [.clientClosed, .clientClosed])
        #expect(rig.pool.inUse == 0 && rig.server.openConnections == 0)
    }

    @Test func brokenFrames() throws {
        let (rig, wire) = try ServerRig.http2()
        wire.frame(0, stream: 0, payload: [1])
        #expect(rig.hear(wire).last == "goaway 0 1" && wire.peer.sawEnd && rig.server.openConnections == 0)
    }
}
