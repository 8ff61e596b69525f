import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Both halves of a tunnel: a client, the gateway, an upstream.
@Suite struct TunnelTests {
    let rig: ServerRig
    let lane: UpstreamLane
    let ask: String = .get("/", "Connection: Upgrade\r\nUpgrade: foo\r\n")
    let asked = "GET / HTTP/1.1\r\nHost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n"
    let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Foo\r\n\r\n"

    init() throws {
        let rig = try ServerRig()
        let lane = UpstreamLane(loop: rig.network.loop, settings: UpstreamSettings(), endpoints: LaneRig.endpoints([0]))
        rig.handle = {
            $0.request.fields.removeHopByHop()
            if !$0.request.upgradeSpan.isEmpty { $0.tunnel = .asked }
            lane.send($0)
        }
        self.rig = rig
        self.lane = lane
    }

    private func dialled() throws -> TestPeer {
        rig.network.settle()
        return try #require(rig.network.dialled())
    }

    /// A tunnel that is open.
    private func open(behind: String = "", capacity: Int? = nil) throws -> (client: TestPeer, upstream: TestPeer) {
        let client = rig.client(capacity: capacity)
        client.send(ask + behind)
        let upstream = try dialled()
        #expect(upstream.takeText() == asked)
        upstream.send(switched)
        rig.network.settle()
        let head = client.takeText().undated
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n") && head.hasSuffix("connection: upgrade\r\nupgrade: foo\r\n\r\n"), "\(head)")
        #expect(!head.contains("content-length") && !head.contains("transfer-encoding"))
        return (client, upstream)
    }

    private var isQuiet: Bool { rig.pool.inUse == 0 && lane.isQuiet && lane.endpoints[0].open == 0 && rig.server.openConnections == 0 }

    @Test func bytesPassAsTheyAre() throws {
        let (client, upstream) = try open(behind: "early")
        #expect(upstream.takeText() == "early")
        client.send("\r\n0\r\nGET / HTTP/1.1\r\n\r\n")
        upstream.send("HTTP/1.1 200 OK\r\n\r\n")
        rig.network.settle()
        #expect(upstream.takeText() == "\r\n0\r\nGET / HTTP/1.1\r\n\r\n" && client.takeText() == "HTTP/1.1 200 OK\r\n\r\n")
        #expect(rig.takeLog() == [])
    }

    @Test func theClientEndsFirst() throws {
        let (client, upstream) = try open()
        client.send("last")
        client.sendEnd()
        rig.network.settle()
        #expect(upstream.takeText() == "last" && upstream.sawEnd && !client.sawEnd)
        upstream.send("answer")
        upstream.sendEnd()
        rig.network.settle()
        #expect(client.takeText() == "answer" && client.sawEnd)
        #expect(isQuiet && rig.takeLog() == ["GET / 101"])
    }

    @Test func theUpstreamEndsFirst() throws {
        let (client, upstream) = try open()
        upstream.send("last")
        upstream.sendEnd()
        rig.network.settle()
        #expect(client.takeText() == "last" && client.sawEnd && !upstream.isClosed)
        client.send("answer")
        client.sendEnd()
        rig.network.settle()
        #expect(upstream.takeText() == "answer" && upstream.sawEnd)
        #expect(isQuiet && rig.takeLog() == ["GET / 101"])
    }

    /// What was sent before the end arrives, even when the other side takes it slowly.
    @Test func theEndWaitsForWhatIsUnderWay() throws {
        rig.network.route(LaneRig.address(0), MemoryRoute(capacity: 100))
        let (client, upstream) = try open()
        client.send(String(repeating: "x", count: 200_000))
        client.sendEnd()
        var got = 0
        for _ in 0..<20_000 where !upstream.sawEnd {
            rig.network.settle()
            got += upstream.take().count
        }
        #expect(got == 200_000 && upstream.sawEnd)
    }

    @Test func backPressure() throws {
        rig.network.backend.readSize = 4096
        let (client, upstream) = try open(capacity: 1000)
        upstream.send([UInt8](repeating: 1, count: 500_000))
        rig.network.settle()
        #expect(client.waiting <= 1000 && upstream.unread > 400_000, "the upstream is not read further than the client reads")
        var got = 0
        for _ in 0..<5_000 where got < 500_000 {
            got += client.take().count
            rig.network.settle()
        }
        #expect(got == 500_000)
    }

    @Test func anOrdinaryAnswerKeepsBothConnections() throws {
        let client = rig.client()
        client.send(ask)
        let upstream = try dialled()
        upstream.send(LaneRig.ok)
        rig.network.settle()
        #expect(client.takeText().undated == ServerRig.wire("ok"))
        _ = upstream.take()
        client.send(.get("/b"))
        rig.network.settle()
        #expect(upstream.takeText() == "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    @Test(arguments: [
        "HTTP/1.1 101 X\r\nUpgrade: bar\r\n\r\n", "HTTP/1.1 101 X\r\n\r\n", "HTTP/1.1 101 X\r\nUpgrade: foo\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 101 X\r\nUpgrade: foo\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func aSwitchThatWasNotAskedFor(_ answer: String) throws {
        let lane = LaneRig()
        let outcome = lane.send(ask, asksUpgrade: true)
        let peer = try #require(lane.accept())
        peer.send(answer)
        lane.network.settle()
        #expect(outcome.summary == "upstream_bad_response" && peer.isClosed)
    }

    @Test(arguments: [true, false]) func killed(byClient: Bool) throws {
        let (client, upstream) = try open()
        if byClient { client.reset() } else { upstream.reset() }
        rig.network.settle()
        #expect(client.isClosed && upstream.isClosed && isQuiet)
        #expect(rig.takeLog() == ["GET / 101 \(byClient ? "client_closed" : "upstream_incomplete")"])
    }

    /// Other time-outs are for bodies.
    @Test func lastsAsLongAsItIsLeftOpen() throws {
        let (client, upstream) = try open()
        rig.network.advance(.seconds(100_000))
        rig.network.settle()
        client.send("x")
        rig.network.settle()
        #expect(upstream.takeText() == "x")
    }

    // MARK: Between versions

    /// A client that came over HTTP/2 has no key: the gateway makes one and checks the answer.
    @Test(arguments: [true, false]) func theGatewaysOwnKey(isAnswered: Bool) throws {
        let lane = LaneRig()
        let outcome = lane.send(.get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n"), asksUpgrade: true) {
            $0.request.majorVersion = 2
            $0.request.method = .connect
        }
        let peer = try #require(lane.accept())
        let head = peer.takeText()
        #expect(head.hasPrefix("GET / HTTP/1.1\r\n") && head.contains("sec-websocket-version: 13\r\n"))
        let start = try #require(head.firstRange(of: "sec-websocket-key: ")).upperBound
        let accept = ByteBuffer()
        String(head[start...].prefix(24)).withView { WebSocketHandshake.writeAccept(forKey: isAnswered ? $0 : ByteView("x"), to: accept) }
        peer.send("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: \(accept.view.string)\r\n\r\n")
        lane.network.settle()
        #expect(outcome.summary == (isAnswered ? "open 101 " : "upstream_bad_response"))
    }

    /// An upstream that speaks HTTP/2 answers no key: the gateway does.
    @Test func theGatewaysOwnAnswer() throws {
        let rig = try ServerRig()
        var sink: BodySink?
        rig.handle = {
            sink = BodySink($0)
            $0.tunnel = .open
            $0.response.status = 101
            $0.downstream?.sendHead($0)
            $0.downstream?.flush()
        }
        let client = rig.client()
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        let answer = rig.ask(client, .get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n" + key) + "behind")
        #expect(answer.hasSuffix("upgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), "\(answer)")
        #expect(sink?.text == "behind")
    }
}
