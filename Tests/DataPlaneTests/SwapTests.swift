import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import DataPlane

/// One configuration after the other on a loop that is serving.
@Suite struct SwapTests {
    private let two = """
        upstreams: [{ name: up, endpoints: [{ address: "192.0.2.100:80" }] }]
        apis: [{ name: api, routes: [{ name: other, match: { path: /other }, respond: { body: x } }, { name: r, match: { path: "/*" }, upstream: up }] }]
        """
    private let none = "apis: [{ name: new, routes: [{ name: only, match: { path: /only }, respond: { body: only } }] }]"

    @Test func connectionsAndCountersSurvive() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer)
        _ = client.take()
        try rig.apply(two)
        #expect(!client.isClosed && peer?.isClosed == false)
        client.send(.get())
        #expect(rig.dialled() == nil, "the pool is the same")
        rig.answer(peer)
        #expect(client.takeText().hasSuffix("ok"))
        #expect(rig.counts(1) == [200: 2] && rig.counts(0) == [:] && rig.requests == 2)
        #expect(rig.worker.servers[WorkerRig.listener]?.counters.requests == 2)
    }

    @Test func aChangedUpstreamBeginsAnew() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer)
        try rig.apply(WorkerRig.text(upstream: "timeouts: { response: 1s }"))
        #expect(peer?.isClosed == true)
        _ = client.take()
        client.send(.get())
        rig.answer(rig.dialled())
        #expect(client.takeText().hasSuffix("ok"))
    }

    @Test func whatIsUnderWayKeepsItsConfiguration() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get("/slow"))
        let peer = rig.dialled()
        try rig.apply(none)
        #expect(rig.ask(.get("/only")).hasSuffix("only"))
        rig.answer(peer)
        #expect(client.takeText().hasSuffix("ok") && peer?.isClosed == true)
        #expect(rig.ask(client, .get("/slow")).hasPrefix("HTTP/1.1 404 "))
        try rig.apply(two)
        #expect(rig.worker.retiredLanes.isEmpty)
    }

    /// A body that breaks after the swap is answered, and counted, where its request began.
    @Test func aBodyThatBreaksAfterASwap() throws {
        let rig = try WorkerRig(two)
        let client = rig.client()
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let peer = rig.dialled()
        let id = peer?.takeText().field("x-request-id")
        let old = rig.worker.view
        try rig.apply(none)
        client.send("nonsense\r\n")
        rig.network.settle()
        let answer = client.takeText()
        #expect(answer.contains("bad_chunk") && answer.field("x-request-id") == id, "one request, one id")
        #expect(old.stats[1]?.statuses.first?.status == 400 && rig.worker.pool.inUse == 0 && peer?.isClosed == true)
    }

    @Test func anUploadTimedOutAfterASwap() throws {
        let rig = try WorkerRig(two)
        let client = rig.client()
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
        _ = rig.dialled()
        try rig.apply(none)
        rig.network.advance(.seconds(61))
        #expect(client.takeText().hasPrefix("HTTP/1.1 ") && rig.worker.pool.inUse == 0)
    }

    @Test func waitingExchangesOfARetiredUpstream() throws {
        let rig = try WorkerRig(upstream: "limits: { connections: 1 }")
        let clients = (0..<2).map { _ in rig.client() }
        for client in clients { client.send(.get()) }
        let peer = rig.dialled()
        try rig.apply(none)
        rig.answer(peer)
        let second = rig.dialled()
        rig.answer(second)
        #expect(clients.allSatisfy { $0.takeText().hasSuffix("ok") })
        try rig.apply(two)
        #expect(rig.worker.retiredLanes.isEmpty)
    }

    @Test func endpointsThatChange() throws {
        let rig = try WorkerRig(endpoints: 2)
        rig.worker.setHealth(false, of: WorkerRig.endpoint(1), upstream: "up")
        try rig.apply(WorkerRig.text(endpoints: 3))
        let healthy = rig.worker.view.lanes[0].endpoints.map(\.isHealthy)
        #expect(healthy == [true, false, true], "what is known of an endpoint stays known")
    }

    @Test func listenersThatGoAreDrained() throws {
        let rig = try WorkerRig()
        let idle = rig.client(), busy = rig.client()
        _ = rig.ask(idle, .get("/../.."))
        rig.answer(rig.dialled())
        busy.send(.get())
        rig.network.settle()
        try rig.apply("listeners: [{ name: other, address: \"192.0.2.11:80\" }]\n" + two)
        #expect(!rig.network.isListening(on: WorkerRig.listener) && rig.network.isListening(on: MemoryNetwork.address(11)))
        rig.network.advance(.seconds(2))
        #expect(idle.isClosed && !busy.isClosed)
    }

    @Test func settingsOfAListenerThatStays() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        rig.network.settle()
        try rig.apply("listeners: [{ name: web, address: \"192.0.2.10:80\", limits: { targetBytes: 64B } }]\n" + two)
        #expect(rig.ask(client, .get("/" + String(repeating: "x", count: 100))).hasPrefix("HTTP/1.1 414 "))
    }

    // MARK: Draining

    @Test func drainingIsDoneWhenTheLastByteIsTaken() throws {
        let rig = try WorkerRig(
            "apis: [{ name: a, routes: [{ match: { path: /x }, respond: { body: \"\(String(repeating: "x", count: 500))\" } }] }]")
        let client = rig.client(capacity: 100), idle = rig.client()
        client.send(.get("/x", "Connection: close\r\n"))
        rig.network.settle()
        var isDone = false
        rig.worker.drain(grace: .seconds(1)) { isDone = true }
        rig.network.advance(.seconds(2))
        #expect(idle.isClosed && !isDone)
        for _ in 0..<20 {
            _ = client.take()
            rig.network.settle()
        }
        client.sendEnd()
        rig.network.settle()
        #expect(isDone && !client.sawReset)
    }

    @Test func whatDoesNotEndIsCut() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.worker.drain(grace: 0) {}
        rig.worker.closeAll()
        rig.network.settle()
        #expect(client.isClosed && peer?.isClosed == true && rig.worker.pool.inUse == 0)
    }
}
