import GatewayCore
import Primitives
import Reactor
import ReactorTesting
import SharedState
import Testing

@testable import HTTPEngine

/// Who is let in, who is counted as whom, and who has to make room.
@Suite struct ServerGuardTests {
    private static func rules(connections: Int = 0, offences: Int = 1) -> GuardRules {
        var bounds = GuardBounds()
        bounds.connections = connections
        bounds.offences = .init(perMinute: offences)
        return GuardRules(
            address: bounds, prefix: GuardBounds(), bans: BanRules(), prefixes: AddressPrefixes(v4: 24, v6: 64), exempt: CIDRSet([]))
    }

    private static func rig(
        connections: Int = 0, trusted: [CIDR] = [], _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> ServerRig {
        let rig = try ServerRig(trusted: trusted, change)
        rig.server.guards = GuardLane(loop: rig.network.loop, table: GuardTable(), rules: rules(connections: connections))
        return rig
    }

    private static let everybody = CIDR(IPAddress(v4: 0), bits: 96)

    private func connect(_ rig: ServerRig, from last: UInt32 = 7) -> TestPeer {
        let peer = rig.network.connect(to: ServerRig.address, from: .ip(IPAddress(v4: 0xc633_6400 | last), port: 1))
        rig.network.settle()
        return peer
    }

    private func ban(_ rig: ServerRig, _ last: UInt32 = 7) {
        rig.server.guards?.offend(.malformed, weight: 10, of: IPAddress(v4: 0xc633_6400 | last))
    }

    @Test func oneTooManyIsResetBeforeThereIsAConnection() throws {
        let rig = try ServerGuardTests.rig(connections: 2)
        let first = connect(rig), second = connect(rig), third = connect(rig)
        #expect(third.sawReset && !first.isClosed && !second.isClosed)
        #expect(rig.server.counters.accepted == 2 && rig.server.openConnections == 2)
        #expect(!connect(rig, from: 8).isClosed)
        first.sendEnd()
        rig.network.settle()
        #expect(!connect(rig).isClosed)
    }

    /// Also what lingers holds a descriptor, so it counts until it is closed.
    @Test func lingeringConnectionsCount() throws {
        let rig = try ServerGuardTests.rig(connections: 1)
        let client = connect(rig)
        _ = rig.ask(client, "nonsense\r\n\r\n")
        #expect(connect(rig).sawReset)
        rig.network.advance(.seconds(3))
        #expect(client.isClosed && !connect(rig).isClosed)
    }

    @Test func bannedAddressesAreNotLetIn() throws {
        let rig = try ServerGuardTests.rig()
        ban(rig)
        #expect(connect(rig).sawReset && rig.server.counters.accepted == 0)
        #expect(!connect(rig, from: 8).isClosed)
        rig.network.advance(.seconds(10))
        #expect(!connect(rig).isClosed)
    }

    @Test func trustedProxiesAreNotCounted() throws {
        let rig = try ServerGuardTests.rig(connections: 1, trusted: [ServerGuardTests.everybody])
        ban(rig)
        #expect((0..<5).allSatisfy { _ in !connect(rig).isClosed })
    }

    @Test(arguments: [true, false]) func whomTheProxyProtocolNamesIsCounted(isTrusted: Bool) throws {
        let proxies = isTrusted ? [CIDR(IPAddress(v4: 0xc633_6407), bits: 128)] : []
        let rig = try ServerGuardTests.rig(connections: 1, trusted: proxies) { $0.proxyProtocol = true }
        func through(_ client: String) -> TestPeer {
            let peer = connect(rig)
            peer.send("PROXY TCP4 \(client) 192.0.2.10 4000 80\r\n")
            rig.network.settle()
            return peer
        }
        let first = through("203.0.113.1"), second = through("203.0.113.1"), other = through("203.0.113.2")
        #expect(!first.isClosed && second.sawReset && !other.isClosed)
        #expect(rig.ask(first, .get()) == ServerRig.wire("GET /"))
        first.sendEnd()
        rig.network.settle()
        #expect(!through("203.0.113.1").isClosed)
        #expect(rig.server.openConnections == 2)
    }

    @Test func whatTheBannedHaveOpenIsClosed() throws {
        let rig = try ServerGuardTests.rig { $0.served = .detect }
        let idle = connect(rig), busy = connect(rig), other = connect(rig, from: 8), second = connect(rig)
        rig.handle = { _ in }
        busy.send(.get("/busy"))
        let wire = HTTP2Wire(second)
        wire.greet()
        rig.network.settle()
        ban(rig)
        rig.server.closeBanned()
        rig.network.settle()
        #expect(idle.sawReset && busy.sawReset && second.sawReset && !other.isClosed)
        #expect(rig.server.openConnections == 1 && rig.pool.inUse == 0)
    }

    @Test func anExchangeCanEndItsWholeConnection() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = { exchange in
            guard exchange.request.path == "/bad" else { return }
            exchange.downstream?.hangUp(GatewayError(.clientBanned))
        }
        wire.request(1, "GET", "/good")
        wire.request(3, "GET", "/bad")
        rig.network.settle()
        #expect(wire.peer.sawReset && rig.server.openConnections == 0 && rig.pool.inUse == 0)
        #expect(rig.takeLog().sorted() == ["GET /bad 0 client_banned", "GET /good 0 client_banned"])
    }

    // MARK: Room

    @Test func idleConnectionsMakeRoomSilentOnesAndTheOldestFirst() throws {
        let rig = try ServerRig { $0.connections = 4 }
        let served = rig.client(), silent = rig.client(), laterSilent = rig.client(), busy = rig.client()
        _ = rig.ask(served, .get())
        rig.network.advance(.seconds(1))
        _ = rig.ask(laterSilent, "")
        rig.handle = { _ in }
        busy.send(.get("/busy"))
        rig.network.advance(.seconds(2))
        rig.handle = nil
        let new = (0..<4).map { _ in
            let peer = rig.client()
            rig.network.settle()
            return peer
        }
        #expect(silent.isClosed && laterSilent.isClosed && served.isClosed && !busy.isClosed)
        #expect(new.prefix(3).allSatisfy { !$0.isClosed })
        // Who has just come is about to ask.
        #expect(new[3].takeText().hasPrefix("HTTP/1.1 503"))
        #expect(rig.server.counters.reclaimed == 3 && rig.server.counters.refused == 1)
    }

    @Test func whoAsksAgainKeepsItsPlace() throws {
        let rig = try ServerRig { $0.connections = 2 }
        let first = rig.client(), second = rig.client()
        _ = rig.ask(first, .get())
        _ = rig.ask(second, .get())
        rig.network.advance(.seconds(2))
        _ = rig.ask(first, .get())
        let third = rig.client()
        rig.network.settle()
        #expect(second.isClosed && !first.isClosed && !third.isClosed)
    }

    @Test func anHTTP2ConnectionIsToldThatItLosesNothing() throws {
        let (rig, wire) = try ServerRig.http2 { $0.connections = 1 }
        wire.request(1)
        _ = rig.hear(wire)
        rig.network.advance(.seconds(2))
        let next = rig.client()
        let heard = rig.hear(wire)
        #expect(heard.contains { $0.hasPrefix("goaway") }, "\(heard)")
        #expect(rig.ask(next, .get()) == ServerRig.wire("GET /"))
    }
}
