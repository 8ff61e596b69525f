import GatewayCore
import HTTPEngine
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import DataPlane

/// Ejections, breakers, hedges and limits, against upstreams that the test plays, on a clock that it turns.
@Suite struct ResilienceFlowTests {
    private static let failure = "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    /// One request and what an upstream answers; the status that the client gets, and the endpoint that was asked.
    private func exchange(_ rig: WorkerRig, _ answer: String = WorkerRig.ok) -> (status: String, endpoint: SocketAddress?, text: String) {
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer, answer.contains("close") ? answer : answer.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n", maxReplacements: 1))
        let text = client.takeText()
        return (String(text.dropFirst(9).prefix(3)), peer?.dialled, text)
    }

    // MARK: Ejections

    @Test func anEndpointThatFailsIsLeftOutForAWhile() throws {
        let rig = try WorkerRig(endpoints: 3, upstream: "health: { passive: { failures: 2, ejectFor: 30s } }, retries: { attempts: 1 }")
        let bad = WorkerRig.endpoint(1)
        func round() -> [SocketAddress?] {
            (0..<6).map { _ in
                let client = rig.client()
                client.send(.get())
                let peer = rig.dialled()
                let isBad = peer?.dialled == bad
                rig.answer(peer, isBad ? ResilienceFlowTests.failure : "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return peer?.dialled
            }
        }
        #expect(round().count { $0 == bad } == 2)
        #expect(round().count { $0 == bad } == 0)
        #expect(rig.worker.view.lanes[0].endpoints[1].isPaused && rig.worker.view.snapshot.upstreams[0].state.endpoints[1].ejections == 1)
        rig.network.advance(.seconds(29))
        #expect(round().count { $0 == bad } == 0)
        rig.network.advance(.seconds(1) + TimerWheel.tick)
        #expect(round().count { $0 == bad } == 2, "it is asked again, and fails again")
        rig.network.advance(.seconds(59))
        #expect(round().count { $0 == bad } == 0, "this time for twice as long")
        rig.network.advance(.seconds(1) + TimerWheel.tick)
        #expect(round().count { $0 == bad } > 0)
    }

    @Test func connectionsThatFailCountToo() throws {
        let rig = try WorkerRig(endpoints: 2, upstream: "health: { passive: { failures: 3 } }")
        rig.network.route(WorkerRig.endpoint(0), .refused)
        var dialled: [SocketAddress?] = []
        for _ in 0..<12 {
            let client = rig.client()
            client.send(.get())
            var peer = rig.dialled()
            dialled.append(peer?.dialled)
            if peer?.dialled == WorkerRig.endpoint(0) { peer = rig.dialled() }
            rig.answer(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            #expect(client.takeText().hasPrefix("HTTP/1.1 200 "))
        }
        #expect(dialled.count { $0 == WorkerRig.endpoint(0) } == 3)
    }

    @Test func ejectionsOutliveAReload() throws {
        let rig = try WorkerRig(endpoints: 2, upstream: "health: { passive: { failures: 1 } }, retries: { attempts: 1 }")
        let first = exchange(rig, ResilienceFlowTests.failure)
        for settings in ["health: { passive: { failures: 1 } }, retries: { attempts: 1 }", "health: { passive: { failures: 7 } }"] {
            try rig.apply(WorkerRig.text(endpoints: 2, upstream: settings))
            for _ in 0..<4 { #expect(exchange(rig).endpoint != first.endpoint) }
        }
    }

    // MARK: Breakers

    @Test func anOpenBreakerAnswersAtOnceAndTriesAgain() throws {
        let rig = try WorkerRig(
            upstream: "breaker: { when: 'errorRatio > 0.5', minimumRequests: 4, openFor: 10s, halfOpen: 2 }, retries: { attempts: 1 }")
        for _ in 0..<4 {
            #expect(exchange(rig, ResilienceFlowTests.failure).status == "503")
            rig.network.advance(.milliseconds(250))
        }
        let refused = exchange(rig)
        #expect(refused.status == "503" && refused.endpoint == nil && refused.text.contains("\"reason\":\"breaker_open\""))
        #expect(refused.text.field("retry-after") == "10")
        rig.network.advance(.milliseconds(5000))
        #expect(exchange(rig).text.field("retry-after") == "5" && rig.requests == 4)
        rig.network.advance(.milliseconds(4750))
        // Two are let through, and no third until they are answered.
        let clients = (0..<3).map { _ in rig.client() }
        for client in clients { client.send(.get()) }
        let probes = [rig.dialled(), rig.dialled()]
        #expect(probes[1] != nil && rig.dialled() == nil && clients[2].takeText().contains("breaker_open"))
        for probe in probes { rig.answer(probe, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") }
        for client in clients.prefix(2) { #expect(client.takeText().hasPrefix("HTTP/1.1 200 ")) }
        for _ in 0..<3 { #expect(exchange(rig).status == "200") }
        #expect(exchange(rig, ResilienceFlowTests.failure).endpoint != nil && exchange(rig).status == "200", "what was before is forgotten")
    }

    @Test func aProbeWhoseClientLeavesIsReplaced() throws {
        let rig = try WorkerRig(upstream: "breaker: { when: 'failures > 0', minimumRequests: 1, openFor: 1s, halfOpen: 1 }, retries: { attempts: 1 }")
        #expect(exchange(rig, ResilienceFlowTests.failure).status == "503")
        #expect(exchange(rig).endpoint == nil)
        rig.network.advance(.seconds(1))
        let leaver = rig.client()
        leaver.send(.get())
        #expect(rig.dialled() != nil)
        #expect(exchange(rig).text.contains("breaker_open"))
        leaver.reset()
        rig.network.settle()
        #expect(exchange(rig).status == "200" && exchange(rig).status == "200")
    }

    @Test func oneForEachEndpoint() throws {
        let rig = try WorkerRig(
            endpoints: 2,
            upstream: "breaker: { when: 'failures > 1', minimumRequests: 2, openFor: 10s, halfOpen: 1, per: endpoint }, retries: { attempts: 1 }")
        let bad = WorkerRig.endpoint(0)
        var asked: [SocketAddress?] = []
        for _ in 0..<12 {
            let client = rig.client()
            client.send(.get())
            let peer = rig.dialled()
            asked.append(peer?.dialled)
            rig.answer(peer, peer?.dialled == bad ? ResilienceFlowTests.failure : "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            rig.network.advance(.milliseconds(300))
        }
        #expect(asked.count { $0 == bad } == 2 && !asked.contains(nil), "the other takes over")
        rig.network.route(WorkerRig.endpoint(1), .refused)
        for _ in 0..<2 {
            _ = rig.ask(.get())
            _ = rig.dialled()
            rig.network.advance(.milliseconds(300))
        }
        #expect(rig.ask(.get()).contains("breaker_open"), "all are open")
        rig.network.advance(.seconds(10) + TimerWheel.tick)
        let client = rig.client()
        client.send(.get())
        let probe = rig.dialled()
        #expect(probe != nil)
    }

    // MARK: Hedges

    private func hedging(_ more: String = "") throws -> WorkerRig {
        try WorkerRig(endpoints: 2, upstream: "hedging: { after: 50ms, budget: 100% }\(more)")
    }

    @Test func theSecondAnswersFirst() throws {
        let rig = try hedging()
        let client = rig.client()
        client.send(.get("/x?y"))
        let first = rig.dialled()
        rig.network.advance(.milliseconds(49))
        #expect(rig.dialled() == nil)
        rig.network.advance(.milliseconds(1) + TimerWheel.tick)
        let second = rig.dialled()
        #expect(second != nil && second?.dialled != first?.dialled)
        #expect(rig.answer(second).hasPrefix("GET /x?y HTTP/1.1\r\n"))
        #expect(client.takeText().hasSuffix("ok"))
        rig.network.settle()
        #expect(first?.isClosed == true, "the first is cut off")
        #expect(rig.worker.view.lanes[0].vitals.hedges.won == 1 && rig.worker.pool.inUse == 0)
        #expect(rig.counts() == [200: 1])
    }

    @Test func theFirstAnswersFirst() throws {
        let rig = try hedging()
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        let second = rig.dialled()
        rig.answer(first)
        #expect(client.takeText().hasSuffix("ok"))
        rig.network.settle()
        #expect(second?.isClosed == true && rig.worker.pool.inUse == 0)
        let hedges = rig.worker.view.lanes[0].vitals.hedges
        #expect(hedges.sent == 1 && hedges.won == 0)
    }

    @Test func anErrorOfTheSecondIsNotHeard() throws {
        let rig = try hedging()
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        rig.answer(rig.dialled(), ResilienceFlowTests.failure)
        #expect(client.waiting == 0)
        rig.answer(first)
        #expect(client.takeText().hasSuffix("ok") && rig.worker.pool.inUse == 0)
    }

    @Test func theSecondStandsInForAFirstThatFails() throws {
        let rig = try hedging(", retries: { attempts: 1 }")
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        let second = rig.dialled()
        first?.reset()
        rig.network.settle()
        #expect(client.waiting == 0)
        rig.answer(second)
        #expect(client.takeText().hasSuffix("ok") && rig.worker.pool.inUse == 0)
    }

    @Test func whenBothFailTheFirstCounts() throws {
        let rig = try hedging(", retries: { attempts: 1 }")
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        let second = rig.dialled()
        first?.reset()
        rig.network.settle()
        second?.reset()
        rig.network.settle()
        #expect(client.takeText().contains("upstream_reset") && rig.worker.pool.inUse == 0)
    }

    @Test func aClientThatLeavesTakesBothAlong() throws {
        let rig = try hedging()
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        let second = rig.dialled()
        client.reset()
        rig.network.settle()
        #expect(first?.isClosed == true && second?.isClosed == true && rig.worker.pool.inUse == 0)
    }

    @Test func aSecondThatBreaksOffIsCut() throws {
        let rig = try hedging()
        let client = rig.client()
        client.send(.get())
        _ = rig.dialled()
        rig.network.advance(.milliseconds(50) + TimerWheel.tick)
        let second = rig.dialled()
        rig.answer(second, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        second?.reset()
        rig.network.settle()
        #expect(client.takeText().hasSuffix("half"))
        #expect(client.sawReset || client.sawEnd)
        #expect(rig.worker.pool.inUse == 0)
    }

    @Test(arguments: ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"])
    func notEveryRequest(_ request: String) throws {
        let rig = try hedging()
        rig.client().send(request)
        _ = rig.dialled()
        rig.network.advance(.seconds(1))
        #expect(rig.dialled() == nil)
    }

    @Test func theBudgetOfHedgesIsExact() throws {
        let rig = try WorkerRig(endpoints: 2, upstream: "hedging: { after: 50ms, budget: 10% }")
        var sent = 0
        for _ in 0..<40 {
            let client = rig.client()
            client.send(.get())
            let first = rig.dialled()
            rig.network.advance(.milliseconds(50) + TimerWheel.tick)
            if rig.dialled() != nil { sent += 1 }
            rig.answer(first, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            #expect(client.takeText().hasPrefix("HTTP/1.1 200 "))
        }
        let hedges = rig.worker.view.lanes[0].vitals.hedges
        #expect(sent == 4 && hedges.sent == 4 && hedges.denied == 36)
    }

    // MARK: Limits

    @Test func theAdaptiveLimitRefuses() throws {
        let rig = try WorkerRig(upstream: "limits: { adaptive: { initial: 3, minimum: 1 } }")
        let clients = (0..<4).map { _ in rig.client() }
        for client in clients { client.send(.get()) }
        for _ in 0..<3 { #expect(rig.dialled() != nil) }
        #expect(rig.dialled() == nil && clients[3].takeText().contains("upstream_overloaded"))
    }

    @Test func aRouteHasItsPart() throws {
        let rig = try WorkerRig(
            """
            upstreams: [{ name: up, endpoints: [{ address: "\(WorkerRig.endpoint(0))" }], limits: { requests: 4, share: { by: route, most: 50% } } }]
            apis: [{ name: api, routes: [{ name: a, match: { path: /a }, upstream: up }, { name: b, match: { path: /b }, upstream: up }] }]
            """)
        let clients = (0..<3).map { _ in rig.client() }
        for client in clients { client.send(.get("/a")) }
        let peers = [rig.dialled(), rig.dialled()]
        #expect(rig.dialled() == nil && clients[2].takeText().contains("upstream_overloaded"))
        let other = rig.client()
        other.send(.get("/b"))
        #expect(rig.dialled() != nil, "the other route finds room")
        rig.answer(peers[0])
        clients[0].reset()
        clients[1].reset()
        rig.network.settle()
        #expect(rig.worker.view.lanes[0].vitals.bulkhead?.count(.route(0)) == 0, "those that leave and those that are answered give it back")
        #expect(rig.worker.view.lanes[0].vitals.bulkhead?.count(.route(1)) == 1)
    }
}
