import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Tunnels in memory: the test plays clients and endpoints.
@Suite struct TCPTunnelTests {
    private let rig = LaneRig(endpoints: 2)
    private let server: TCPServer
    private static let address = MemoryNetwork.address(1)

    init() throws {
        server = TCPServer(
            loop: rig.network.loop, info: ListenerInfo(name: "tcp", index: 0, port: 80, scheme: "tcp", trustedProxies: []),
            settings: ServerSettings(), routes: TCPRoutes(fallback: rig.lane))
        try server.listen(on: 1000, address: TCPTunnelTests.address)
    }

    private func connect(capacity: Int? = nil) -> TestPeer { rig.network.connect(to: TCPTunnelTests.address, capacity: capacity) }

    /// A client and its endpoint.
    private func tunnel(capacity: Int? = nil) throws -> (TestPeer, TestPeer) {
        let client = connect(capacity: capacity)
        return (client, try #require(rig.accept()))
    }

    @Test func bytesAndEndsArePassedOn() throws {
        let (client, endpoint) = try tunnel()
        client.send("question")
        rig.network.settle()
        #expect(endpoint.takeText() == "question")
        client.sendEnd()
        rig.network.settle()
        #expect(endpoint.sawEnd && !client.isClosed)
        endpoint.send("answer")
        endpoint.sendEnd()
        rig.network.settle()
        #expect(client.takeText() == "answer")
        #expect(client.sawEnd && endpoint.isClosed && client.isClosed)
        #expect(server.openConnections == 0 && rig.lane.isQuiet)
    }

    @Test func whoeverIsSlowSlowsTheOther() throws {
        let (client, endpoint) = try tunnel(capacity: 10)
        endpoint.send("0123456789abc")
        rig.network.settle()
        endpoint.send("more")
        rig.network.settle()
        #expect(endpoint.unread == 4, "nobody reads what nobody takes")
        #expect(client.takeText() == "0123456789")
        rig.network.settle()
        #expect(
            client.takeText()
                + {
                    rig.network.settle(); return client.takeText()
                }() == "abcmore")
    }

    @Test func whatWasCarriedIsTold() throws {
        var told: [TunnelSummary] = []
        var failed: [Reason] = []
        server.tunnelEnded = { told.append($0) }
        server.connectionFailed = { failed.append($0.reason) }
        let (client, endpoint) = try tunnel()
        client.send("question")
        rig.network.settle()
        rig.network.advance(.seconds(3))
        endpoint.send("the answer")
        endpoint.sendEnd()
        client.sendEnd()
        rig.network.settle()
        let whole = try #require(told.first)
        #expect(whole.bytes == (received: 8, sent: 10) && whole.reason == nil && whole.attempts == 1)
        #expect(whole.upstream == "up" && whole.endpoint == "e0:80" && whole.listener == "tcp" && rig.network.now - whole.started >= .seconds(3))
        let (other, _) = try tunnel()
        rig.network.settle()
        other.reset()
        rig.network.settle()
        let (_, gone) = try tunnel()
        rig.network.settle()
        gone.reset()
        rig.network.settle()
        #expect(told.map(\.reason) == [nil, .clientClosed, .upstreamReset] && failed.isEmpty)
    }

    @Test func anotherEndpointIsTried() throws {
        rig.network.route(LaneRig.address(0), .refused)
        let (client, refusing) = try tunnel()
        let endpoint = try #require(rig.network.dialled())
        #expect(refusing.dialled == LaneRig.address(0))
        #expect(endpoint.dialled == LaneRig.address(1))
        client.send("x")
        rig.network.settle()
        #expect(endpoint.takeText() == "x")
        #expect(rig.lane.endpoints.map(\.counters.failures) == [1, 0])
    }

    @Test func noEndpointLeft() {
        for i in 0..<2 { rig.network.route(LaneRig.address(i), .refused) }
        var reasons: [Reason] = []
        server.connectionFailed = { reasons.append($0.reason) }
        let client = connect()
        rig.network.settle()
        #expect(client.sawReset && reasons == [.upstreamConnectFailed])
        #expect(server.openConnections == 0 && rig.lane.isQuiet)
    }

    @Test func connectingIsBounded() {
        for i in 0..<2 { rig.network.route(LaneRig.address(i), .silent) }
        let client = connect()
        rig.network.advance(.milliseconds(1500))
        #expect(!client.isClosed, "the second endpoint has its own time")
        rig.network.advance(.seconds(1))
        #expect(client.sawReset && rig.lane.isQuiet)
    }

    @Test func silenceEndsATunnel() throws {
        let (client, endpoint) = try tunnel()
        rig.network.advance(.seconds(70))
        endpoint.send("x")
        rig.network.advance(.seconds(70))
        #expect(!client.isClosed && !endpoint.isClosed)
        rig.network.advance(.seconds(10))
        #expect(client.sawReset && endpoint.sawReset)
    }

    @Test func resetsArePassedOn() throws {
        let (client, endpoint) = try tunnel()
        client.reset()
        rig.network.settle()
        #expect(endpoint.sawReset)
        let (other, its) = try tunnel()
        its.reset()
        rig.network.settle()
        #expect(other.sawReset && server.openConnections == 0)
    }

    @Test func drainingKeepsTunnels() throws {
        let (client, endpoint) = try tunnel()
        server.drain(grace: .seconds(1))
        client.send("still here")
        rig.network.advance(.seconds(5))
        #expect(endpoint.takeText() == "still here")
        server.closeAll()
        rig.network.settle()
        #expect(client.sawReset && endpoint.sawReset && server.openConnections == 0)
    }

    @Test func serverNames() {
        var routes = TCPRoutes()
        let other = UpstreamLane(loop: rig.network.loop, settings: UpstreamSettings(), endpoints: [])
        routes.add(exact: "db.example.com", rig.lane)
        routes.add(wildcard: "example.com", other)
        func lane(_ name: String) -> UpstreamLane? { name.withView { routes.lane(for: $0) } }
        #expect(lane("db.example.com") === rig.lane && lane("DB.example.com.") === rig.lane)
        #expect(lane("x.example.com") === other)
        for name in ["example.com", ".example.com", "a.b.example.com", "", "."] { #expect(lane(name) == nil, "\(name)") }
        routes.fallback = other
        #expect(lane("a.b.example.com") === other && lane("") === other)
    }
}
