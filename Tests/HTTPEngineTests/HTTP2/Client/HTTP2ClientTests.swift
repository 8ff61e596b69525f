import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

@Suite struct HTTP2ClientTests {
    private func rig(endpoints: Int = 1, _ change: (inout UpstreamSettings) -> Void = { _ in }) -> LaneRig {
        LaneRig(endpoints: endpoints) {
            $0.version = .http2
            change(&$0)
        }
    }

    private func accept(_ rig: LaneRig, settings: [(id: UInt8, value: UInt8)] = []) throws -> FramePeer {
        let peer = FramePeer(try #require(rig.accept()), settings: settings)
        rig.network.settle()
        return peer
    }

    // MARK: Exchanges

    @Test func aRequestAndItsAnswer() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        #expect(peer.peer.sends == 2, "the request is one send, the answer to SETTINGS another")
        let head = try #require(peer.frames(FramePeer.headers).first)
        #expect(head.stream == 1 && head.isLast)
        peer.answer(1)
        rig.network.settle()
        #expect(outcome.summary == "200 ok" && outcome.framing == .chunked)
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 1 && rig.lane.endpoints[0].counters.failures == 0)
    }

    /// A burst shares one connection, even before that is there.
    @Test func streamsShareAConnection() throws {
        let rig = rig()
        let outcomes = (0..<3).map { _ in rig.send() }
        let peer = try accept(rig)
        #expect(rig.network.dialled() == nil)
        #expect(peer.frames(FramePeer.headers).map(\.stream) == [1, 3, 5])
        for stream: UInt32 in [5, 1, 3] { peer.answer(stream, "of \(stream)") }
        rig.network.settle()
        #expect(outcomes.map(\.summary) == ["200 of 1", "200 of 3", "200 of 5"] && rig.lane.isQuiet)
    }

    @Test func aLengthAndNoBody() throws {
        let rig = rig()
        let outcomes = (0..<2).map { _ in rig.send() }
        let peer = try accept(rig)
        peer.head(1, [("content-length", "3")])
        peer.head(3, status: "404", isLast: true)
        rig.network.settle()
        #expect(outcomes[0].framing == .length(3) && outcomes[1].framing == BodyFraming.none && outcomes[1].summary == "404 ")
    }

    @Test func trailersAndInterimResponses() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        peer.head(1, status: "103", [("link", "</a>")])
        peer.head(1)
        peer.body(1, "ok")
        peer.head(1, status: nil, [("grpc-status", "0")], isLast: true)
        rig.network.settle()
        #expect(outcome.interim == [103] && outcome.summary == "200 ok" && outcome.trailers == ["grpc-status: 0"])
    }

    @Test(arguments: [
        [("connection", "close")], [("content-length", "1"), ("content-length", "2")], [("X-Upper", "1")], [("a", "b\n")],
    ])
    func aMalformedHead(_ fields: [(String, String)]) throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        peer.head(1, fields)
        rig.network.settle()
        #expect(outcome.summary == "upstream_bad_response")
        #expect(peer.frames(FramePeer.reset).map(\.stream) == [1] && !peer.peer.isClosed, "the connection goes on")
        #expect(rig.lane.isQuiet)
    }

    // MARK: Bodies

    @Test func aBodyWaitsForTheWindow() throws {
        let rig = rig()
        let outcome = rig.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let peer = try accept(rig)
        let upstream = try #require(outcome.exchange?.upstream)
        #expect(outcome.wanted == 1)
        let piece = [UInt8](repeating: 0x61, count: 50_000)
        #expect(piece.withView { upstream.requestBody($0) })
        rig.network.settle()
        #expect(piece.withView { upstream.requestBody($0) })
        #expect(!piece.withView { upstream.requestBody($0) }, "more than a window and its buffer hold")
        rig.network.settle()
        #expect(peer.frames(FramePeer.data).reduce(0) { $0 + $1.payload.count } == 65_535 && outcome.wanted == 1)
        for stream: UInt32 in [0, 1] { peer.send(FramePeer.windowUpdate, stream: stream, payload: FramePeer.bytes(1 << 20)) }
        rig.network.settle()
        #expect(outcome.wanted == 2)
        upstream.requestEnd(trailers: nil)
        rig.network.settle()
        let rest = peer.frames(FramePeer.data)
        #expect(rest.reduce(0) { $0 + $1.payload.count } == 150_000 - 65_535 && rest.last?.isLast == true)
    }

    /// The window of a stream is given back when its client has taken the bytes, that of the connection at once.
    @Test func aSlowClientHoldsNobodyElseUp() throws {
        let rig = rig()
        let slow = rig.send(taking: false), quick = rig.send()
        let peer = try accept(rig)
        _ = peer.frames()
        peer.head(1)
        let piece = String(repeating: "x", count: 16_000)
        for _ in 0..<16 { peer.body(1, piece) }
        rig.network.settle()
        #expect(!peer.frames(FramePeer.windowUpdate).contains { $0.stream == 1 })
        peer.answer(3)
        rig.network.settle()
        #expect(quick.summary == "200 ok" && slow.body.count == 256_000)
        slow.exchange?.upstream?.downstreamWritable()
        rig.network.settle()
        #expect(peer.frames(FramePeer.windowUpdate).filter { $0.stream == 1 }.map(\.number) == [256_000])
    }

    // MARK: Ends

    @Test func goAway() throws {
        let rig = rig()
        let outcomes = (0..<2).map { _ in rig.send() }
        let peer = try accept(rig)
        peer.send(FramePeer.goAway, payload: FramePeer.bytes(1) + FramePeer.bytes(0))
        rig.network.settle()
        #expect(outcomes[1].summary == "upstream_reset" && outcomes[1].error?.retry == .yes && outcomes[0].error == nil)
        _ = rig.send()
        #expect(rig.accept() != nil, "new exchanges go elsewhere")
        peer.answer(1)
        rig.network.settle()
        #expect(outcomes[0].summary == "200 ok" && peer.peer.isClosed)
    }

    @Test(arguments: [(UInt32(7), GatewayError.Retry.yes), (8, .no), (2, .no)]) func reset(_ code: UInt32, _ retry: GatewayError.Retry) throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        peer.send(FramePeer.reset, stream: 1, payload: FramePeer.bytes(code))
        rig.network.settle()
        #expect(outcome.summary == "upstream_reset" && outcome.error?.retry == retry && !peer.peer.isClosed)
    }

    @Test func aLostConnection() throws {
        let rig = rig()
        let outcomes = (0..<2).map { _ in rig.send() }
        let peer = try accept(rig)
        peer.head(1)
        peer.body(1, "so")
        rig.network.settle()
        peer.peer.close()
        rig.network.settle()
        #expect(outcomes.map(\.summary) == ["cut so upstream_incomplete", "upstream_reset"])
        #expect(outcomes[1].error?.retry == .ifReused && rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
    }

    @Test func noConnection() throws {
        let rig = rig()
        rig.network.route(LaneRig.address(0), .refused)
        let outcomes = (0..<2).map { _ in rig.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n") }
        rig.network.settle()
        #expect(outcomes.allSatisfy { $0.summary == "upstream_connect_failed" && $0.error?.retry == .yes && $0.wanted == 0 })
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
    }

    @Test func aCancelledExchange() throws {
        let rig = rig()
        let outcome = rig.send(), other = rig.send()
        let peer = try accept(rig)
        peer.head(1)
        rig.network.settle()
        outcome.cancel()
        peer.body(1, "late")
        rig.network.settle()
        let resets = peer.frames(FramePeer.reset)
        #expect(resets.map(\.stream) == [1] && resets.first?.number == 8)
        peer.answer(3)
        rig.network.settle()
        #expect(other.summary == "200 ok" && outcome.body.isEmpty && rig.lane.isQuiet)
    }

    @Test func timeOuts() throws {
        let rig = rig {
            $0.timeouts.response = .seconds(3)
            $0.timeouts.idle = .seconds(5)
        }
        let silent = rig.send(), stalled = rig.send()
        let peer = try accept(rig)
        peer.head(3)
        rig.network.advance(.milliseconds(3_100))
        #expect(silent.summary == "upstream_timeout" && stalled.error == nil && !peer.peer.isClosed)
        rig.network.advance(.seconds(2))
        #expect(stalled.wasCut && stalled.error?.reason == .upstreamIdleTimeout)
        #expect(peer.frames(FramePeer.reset).map(\.stream) == [1, 3])
        rig.network.advance(.milliseconds(5_100))
        #expect(peer.peer.isClosed && rig.lane.endpoints[0].open == 0, "nobody uses it")
    }

    // MARK: Limits

    @Test func asManyStreamsAsTheUpstreamAllows() throws {
        let rig = rig { $0.connections = 1 }
        let first = rig.send()
        let peer = try accept(rig, settings: [(3, 1)])
        let second = rig.send()
        rig.network.settle()
        #expect(rig.lane.queued == 1 && peer.frames(FramePeer.headers).map(\.stream) == [1])
        peer.answer(1)
        rig.network.settle()
        #expect(first.summary == "200 ok" && rig.lane.queued == 0)
        peer.answer(3)
        rig.network.settle()
        #expect(second.summary == "200 ok" && rig.network.dialled() == nil)
    }

    @Test func anotherConnectionWhenAllStreamsAreTaken() throws {
        let rig = rig()
        _ = rig.send()
        _ = try accept(rig, settings: [(3, 1)])
        let second = rig.send()
        let peer = try accept(rig)
        peer.answer(1)
        rig.network.settle()
        #expect(second.summary == "200 ok" && rig.lane.endpoints[0].open == 2)
    }

    /// The queue goes on to whatever endpoint has a free stream, and does not turn in circles when none has.
    @Test func waitingForAnotherEndpointsConnection() throws {
        let rig = rig(endpoints: 2) { $0.connections = 1 }
        _ = rig.send()
        let peer = try accept(rig)
        _ = rig.send()
        rig.network.settle()
        #expect(peer.frames(FramePeer.headers).map(\.stream) == [1, 3] && rig.lane.queued == 0)
    }

    @Test func anEndpointThatIsGone() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        rig.lane.update(LaneRig.endpoints([1]))
        peer.answer(1)
        rig.network.settle()
        #expect(outcome.summary == "200 ok" && peer.peer.isClosed && rig.lane.isQuiet)
    }

    @Test func aFlood() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try accept(rig)
        for _ in 0..<2_000 { peer.send(FramePeer.ping, payload: [UInt8](repeating: 0, count: 8)) }
        rig.network.settle()
        #expect(outcome.summary == "upstream_bad_response" && peer.peer.isClosed)
        #expect(peer.frames(FramePeer.goAway).first.map { $0.payload.last } == 11)
    }

    @Test func whatIsNotHTTP2() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        rig.network.settle()
        #expect(outcome.summary == "upstream_bad_response" && peer.isClosed && rig.lane.isQuiet)
    }
}
