import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Connections of one upstream: kept, used again, bounded, waited for.
@Suite struct PoolTests {
    @Test func aConnectionIsUsedAgain() throws {
        let rig = LaneRig()
        let (_, peer) = rig.exchange()
        _ = peer?.take()
        for _ in 0..<5 {
            let outcome = rig.send()
            #expect(rig.accept() == nil && peer?.takeText() == LaneRig.request)
            #expect(outcome.exchange?.connectionWasReused == true)
            peer?.send(LaneRig.ok)
            rig.network.settle()
            #expect(outcome.summary == "200 ok")
        }
        #expect(rig.lane.endpoints[0].counters.requests == 6 && rig.lane.endpoints[0].open == 1)
    }

    /// The one that was used last is used first, so that the others can go.
    @Test func lastInFirstOut() throws {
        let rig = LaneRig()
        let outcomes = (0..<3).map { _ in rig.send() }
        let peers = [rig.accept(), rig.accept(), rig.accept()].compactMap { $0 }
        #expect(peers.count == 3)
        for i in [1, 0, 2] {
            _ = peers[i].take()
            peers[i].send(LaneRig.ok)
            rig.network.settle()
        }
        #expect(outcomes.allSatisfy { $0.isComplete })
        for i in [2, 0, 1] {
            _ = rig.send()
            rig.network.settle()
            #expect(peers[i].waiting > 0 && peers.filter { $0.waiting > 0 }.count == 1)
            _ = peers[i].take()
        }
    }

    @Test func idleConnectionsAreLetGo() throws {
        let rig = LaneRig { $0.timeouts.idle = .seconds(30) }
        let (_, peer) = rig.exchange()
        rig.network.advance(.seconds(29))
        #expect(peer?.isClosed == false)
        rig.network.advance(.seconds(2))
        #expect(peer?.isClosed == true && rig.lane.endpoints[0].idle.isEmpty && rig.lane.endpoints[0].open == 0)
        let next = rig.send()
        let second = try #require(rig.accept())
        second.send(LaneRig.ok)
        rig.network.settle()
        #expect(next.summary == "200 ok")
    }

    @Test func anUpstreamMayLetGoToo() throws {
        let rig = LaneRig()
        let (_, peer) = rig.exchange()
        peer?.sendEnd()
        rig.network.settle()
        #expect(peer?.isClosed == true && rig.lane.endpoints[0].open == 0)
    }

    @Test func aNewConnectionCanBeAskedFor() throws {
        let rig = LaneRig()
        let (_, old) = rig.exchange()
        _ = old?.take()
        _ = rig.send(fresh: true)
        #expect(rig.accept()?.takeText() == LaneRig.request && old?.waiting == 0)
    }

    // MARK: Limits

    @Test func connectionsAreBoundedAndWaitedFor() throws {
        let rig = LaneRig { $0.connections = 2 }
        let outcomes = (0..<4).map { _ in rig.send() }
        let peers = [rig.accept(), rig.accept()].compactMap { $0 }
        #expect(peers.count == 2 && rig.accept() == nil && rig.lane.queued == 2)
        peers[1].send(LaneRig.ok)
        rig.network.settle()
        #expect(outcomes[1].isComplete && rig.lane.queued == 1)
        #expect(outcomes[2].exchange?.connectionWasReused == true, "who has waited longest goes first")
        peers[0].sendEnd()
        rig.network.settle()
        #expect(outcomes[0].summary == "upstream_reset")
        let third = try #require(rig.accept())
        third.send(LaneRig.ok)
        peers[1].send(LaneRig.ok)
        rig.network.settle()
        #expect(outcomes.dropFirst().allSatisfy { $0.summary == "200 ok" } && rig.lane.isQuiet)
    }

    @Test func theQueueIsBounded() throws {
        let rig = LaneRig {
            $0.connections = 1
            $0.queue = 1
        }
        let outcomes = (0..<3).map { _ in rig.send() }
        #expect(outcomes[2].summary == "upstream_overloaded" && outcomes[2].error?.reason.status == 503)
        #expect(outcomes[1].error == nil && rig.lane.queued == 1)
    }

    @Test func withoutAQueueNobodyWaits() throws {
        let rig = LaneRig {
            $0.connections = 1
            $0.queue = 0
        }
        _ = rig.send()
        #expect(rig.send().summary == "upstream_overloaded")
    }

    @Test func waitingHasAnEnd() throws {
        let rig = LaneRig {
            $0.connections = 1
            $0.timeouts.response = .seconds(5)
            $0.timeouts.total = .seconds(60)
        }
        rig.network.route(LaneRig.address(0), .silent)
        _ = rig.send()
        rig.network.settle()
        rig.network.advance(.milliseconds(200))
        let second = rig.send()
        rig.network.advance(.milliseconds(200))
        let third = rig.send()
        // The first fails to connect after a second; the second takes its place, and so does the third.
        rig.network.advance(.milliseconds(500))
        #expect(second.error == nil && rig.lane.queued == 2)
        rig.network.advance(.seconds(10))
        #expect(second.error != nil && third.error != nil && rig.lane.isQuiet)
    }

    @Test func theQueueTimeOut() throws {
        let rig = LaneRig {
            $0.connections = 1
            $0.timeouts.response = .seconds(5)
            $0.timeouts.idle = .seconds(100)
        }
        let first = rig.send()
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        let second = rig.send()
        rig.network.advance(.seconds(2))
        let third = rig.send()
        rig.network.advance(.seconds(4))
        #expect(second.summary == "upstream_queue_timeout" && third.error == nil && first.error == nil)
        rig.network.advance(.seconds(2))
        #expect(third.summary == "upstream_queue_timeout" && rig.lane.queued == 0)
    }

    @Test func whoLeavesTheQueueIsForgotten() throws {
        let rig = LaneRig { $0.connections = 1 }
        _ = rig.send()
        let second = rig.send(), third = rig.send()
        let peer = try #require(rig.accept())
        second.cancel()
        #expect(rig.lane.queued == 1)
        peer.send(LaneRig.ok)
        rig.network.settle()
        _ = peer.take()
        peer.send(LaneRig.ok)
        rig.network.settle()
        #expect(third.summary == "200 ok" && second.error == nil && !second.isComplete)
    }

    @Test func requestsInFlightAreBounded() throws {
        let rig = LaneRig { $0.requests = 2 }
        _ = rig.send()
        let second = rig.send()
        #expect(rig.send().summary == "upstream_overloaded")
        second.cancel()
        #expect(rig.send().error == nil)
    }

    /// An idle connection to one endpoint makes room for one to another.
    @Test func roomIsMadeAmongEndpoints() throws {
        let rig = LaneRig(endpoints: 2) { $0.connections = 1 }
        let (first, peer) = rig.exchange()
        #expect(first.isComplete)
        let second = rig.send()
        let other = try #require(rig.accept())
        #expect(peer?.isClosed == true && other.dialled != peer?.dialled && second.error == nil)
    }

    // MARK: Distribution

    private func dial(_ rig: LaneRig, _ count: Int) -> [Int] {
        for _ in 0..<count { _ = rig.send(fresh: true) }
        rig.network.settle()
        var counts = [Int](repeating: 0, count: rig.lane.endpoints.count)
        while let peer = rig.network.dialled() {
            if let index = counts.indices.first(where: { LaneRig.address($0) == peer.dialled }) { counts[index] += 1 }
        }
        return counts
    }

    @Test func roundRobin() {
        #expect(dial(LaneRig(endpoints: 3), 12) == [4, 4, 4])
    }

    @Test func leastRequests() throws {
        let rig = LaneRig(endpoints: 3) { $0.method = .leastRequests }
        let outcomes = (0..<6).map { _ in rig.send(fresh: true) }
        rig.network.settle()
        var peers: [TestPeer] = []
        while let peer = rig.network.dialled() { peers.append(peer) }
        #expect(Set(peers.map(\.dialled)).count == 3 && peers.count == 6)
        // Two endpoints finish what they have; they get what comes next.
        let busy = LaneRig.address(2)
        for peer in peers where peer.dialled != busy { peer.send(LaneRig.ok) }
        rig.network.settle()
        #expect(outcomes.count { $0.isComplete } == 4)
        for _ in 0..<4 { _ = rig.send(fresh: true) }
        rig.network.settle()
        var next: [SocketAddress?] = []
        while let peer = rig.network.dialled() { next.append(peer.dialled) }
        #expect(next.count == 4 && !next.contains(busy))
    }

    /// A lane that takes another's place knows what that knew.
    @Test func healthIsHandedOn() throws {
        let rig = LaneRig(endpoints: 2)
        rig.lane.setHealth(false, of: LaneRig.address(0))
        let next = UpstreamLane(loop: rig.network.loop, settings: rig.lane.settings, endpoints: LaneRig.endpoints([0, 1, 2]))
        next.takeHealth(of: rig.lane)
        #expect(next.endpoints.map(\.isHealthy) == [false, true, true])
    }

    @Test func onlyHealthyEndpoints() throws {
        let rig = LaneRig(endpoints: 2)
        rig.lane.setHealth(false, of: LaneRig.address(0))
        #expect(dial(rig, 4) == [0, 4])
        rig.lane.setHealth(false, of: LaneRig.address(1))
        #expect(rig.send().summary == "no_healthy_endpoint")
        rig.lane.setHealth(true, of: LaneRig.address(0))
        #expect(dial(rig, 2) == [2, 0])
    }

    @Test func triedEndpointsAreAvoided() throws {
        let rig = LaneRig(endpoints: 2)
        for _ in 0..<4 {
            let exchange = rig.pool.take()
            _ = String.get().withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
            let outcome = Outcome(exchange)
            exchange.triedEndpoints = 1
            rig.lane.send(exchange)
            #expect(exchange.endpointIndex == 1 && outcome.error == nil)
        }
    }

    // MARK: Endpoints that change

    @Test func endpointsThatGoAreLetGo() throws {
        let rig = LaneRig(endpoints: 2)
        let outcomes = (0..<4).map { _ in rig.send() }
        var peers: [TestPeer] = []
        while let peer = rig.accept() { peers.append(peer) }
        let gone = peers.filter { $0.dialled == LaneRig.address(0) }
        #expect(gone.count == 2)
        gone[0].send(LaneRig.ok)
        rig.network.settle()
        rig.lane.update(LaneRig.endpoints([1, 2]))
        #expect(gone[0].isClosed && !gone[1].isClosed, "what is under way is completed")
        gone[1].send(LaneRig.ok)
        rig.network.settle()
        #expect(gone[1].isClosed && outcomes.count { $0.isComplete } == 2)
        for _ in 0..<4 { _ = rig.send(fresh: true) }
        rig.network.settle()
        var next: Set<SocketAddress> = []
        while let peer = rig.network.dialled() { if let address = peer.dialled { next.insert(address) } }
        #expect(next == [LaneRig.address(1), LaneRig.address(2)])
    }

    @Test func endpointsThatStayKeepTheirConnectionsAndCounters() throws {
        let rig = LaneRig(endpoints: 1)
        let (_, peer) = rig.exchange()
        rig.lane.setHealth(false, of: LaneRig.address(0))
        rig.lane.update(LaneRig.endpoints([0, 1]))
        #expect(peer?.isClosed == false && rig.lane.endpoints[0].counters.requests == 1 && !rig.lane.endpoints[0].isHealthy)
        rig.lane.update(LaneRig.endpoints([1]))
        rig.lane.update(LaneRig.endpoints([1, 2]))
        #expect(rig.lane.endpoints.filter { !$0.isGone }.map(\.settings.address).count == 2)
    }

    @Test func aRetiredUpstreamFinishesWhatItHas() throws {
        let rig = LaneRig()
        let (_, idle) = rig.exchange()
        _ = idle?.take()
        let outcome = rig.send(fresh: true)
        let peer = try #require(rig.accept())
        rig.lane.retire()
        #expect(idle?.isClosed == true && !rig.lane.isQuiet)
        peer.send(LaneRig.ok)
        rig.network.settle()
        #expect(outcome.summary == "200 ok" && peer.isClosed && rig.lane.isQuiet)
    }

    @Test func hostOfTheEndpoint() throws {
        let rig = LaneRig()
        let exchange = rig.pool.take()
        _ = String.get().withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        exchange.hostIsEndpoint = true
        let outcome = Outcome(exchange)
        rig.lane.send(exchange)
        #expect(rig.accept()?.takeText() == "GET / HTTP/1.1\r\nhost: e0:80\r\n\r\n" && outcome.error == nil)
    }
}
