import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import DataPlane

/// The life of an exchange: client, routing, upstream and back.
@Suite struct ExchangeFlowTests {
    @Test func forwarding() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get("/a/../b?c=d", "X-Own: 1\r\nConnection: X-Gone\r\nX-Gone: 2\r\nTE: trailers\r\n"))
        let peer = rig.dialled()
        let request = rig.answer(peer, "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nServer: s\r\nKeep-Alive: 5\r\nConnection: keep-alive\r\n\r\nok")
        let lines = request.split(separator: "\r\n").map(String.init)
        #expect(lines[0] == "GET /b?c=d HTTP/1.1")
        #expect(request.field("host") == "a" && request.field("x-own") == "1" && request.field("via") == "1.1 sluice")
        for gone in ["x-gone", "te", "connection", "keep-alive"] { #expect(request.field(gone) == nil) }
        #expect(client.takeText().undated == "HTTP/1.1 200 OK\r\nServer: s\r\nvia: 1.1 sluice\r\ncontent-length: 2\r\n\r\nok")
        #expect(rig.counts() == [200: 1] && rig.worker.pool.inUse == 0)
    }

    @Test func answersOfTheGatewayItself() throws {
        let rig = try WorkerRig(
            """
            apis:
              - name: api
                hosts: [a]
                routes:
                  - { match: { path: /hello }, respond: { status: 201, headers: { X-A: b }, body: "hi" } }
                  - { match: { path: /empty }, respond: { status: 204 } }
                  - { match: { path: "/u/{id}" }, respond: { body: "user {id}{x}", headers: { Content-Type: text/x } } }
                  - { match: { path: "/old/*" }, redirect: { to: "/new/{*}", status: 308 } }
                  - { match: { path: /only, methods: [POST, DELETE] }, respond: { body: "x" } }
            """)
        let client = rig.client()
        #expect(
            rig.ask(client, .get("/hello"))
                == "HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 2\r\n\r\nhi")
        #expect(rig.ask(client, .get("/empty")) == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(rig.ask(client, .get("/u/7")) == "HTTP/1.1 200 OK\r\ncontent-type: text/x\r\ncontent-length: 9\r\n\r\nuser 7{x}")
        #expect(rig.ask(client, .get("/old/x/y")) == "HTTP/1.1 308 Permanent Redirect\r\nlocation: /new/x/y\r\ncontent-length: 0\r\n\r\n")
        let notAllowed = rig.ask(client, .get("/only"))
        #expect(notAllowed.hasPrefix("HTTP/1.1 405 ") && notAllowed.field("allow") == "POST, DELETE")
        let notFound = rig.ask(client, .get("/nowhere"))
        #expect(notFound.hasPrefix("HTTP/1.1 404 ") && notFound.contains("route_not_found"))
        #expect(rig.ask(client, "GET /hello HTTP/1.1\r\nHost: other\r\n\r\n").hasPrefix("HTTP/1.1 404 "))
        #expect(rig.ask(client, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(rig.ask(client, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n").hasSuffix("content-length: 2\r\n\r\n"))
        #expect(rig.worker.pool.inUse == 0 && rig.worker.servers[WorkerRig.listener]?.counters.accepted == 1)
    }

    @Test func aRefusedRequestIsCountedAndAnswered() throws {
        let rig = try WorkerRig()
        let answer = rig.ask("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.contains("\"reason\":\"bad_host\""))
        #expect(rig.worker.unrouted.statuses.map(\.status) == [400])
    }

    // MARK: Hosts

    @Test(arguments: [
        ("", "GET / HTTP/1.1\r\nHost: A.example:81\r\n\r\n", "A.example:81"), ("", "GET http://b:82/ HTTP/1.1\r\nHost: a\r\n\r\n", "b:82"),
        ("", "GET / HTTP/1.0\r\n\r\n", "192.0.2.100:80"), ("hostHeader: endpoint", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "192.0.2.100:80"),
        ("hostHeader: own.example", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "own.example"),
    ]) func hostSentUpstream(_ rule: String, _ request: String, _ expected: String) throws {
        let rig = try WorkerRig(upstream: rule)
        let client = rig.client()
        client.send(request)
        let forwarded = rig.answer(rig.dialled())
        #expect(forwarded.field("host") == expected)
        #expect(forwarded.lowercased().split(separator: "\r\nhost: ").count == 2, "exactly one")
    }

    // MARK: Trying again

    @Test func aRefusingEndpointIsLeftForAnother() throws {
        let rig = try WorkerRig(endpoints: 2)
        rig.network.route(WorkerRig.endpoint(0), .refused)
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled(), second = rig.dialled()
        #expect(first?.dialled == WorkerRig.endpoint(0) && second?.dialled == WorkerRig.endpoint(1))
        rig.answer(second)
        #expect(client.takeText().hasSuffix("ok") && rig.requests == 2)
    }

    @Test func triesAreBounded() throws {
        let rig = try WorkerRig(endpoints: 5, upstream: "retries: { attempts: 3 }")
        for i in 0..<5 { rig.network.route(WorkerRig.endpoint(i), .refused) }
        let answer = rig.ask(.get())
        #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("upstream_connect_failed") && rig.requests == 3)
    }

    @Test func withoutRetriesTheFirstFailureCounts() throws {
        let rig = try WorkerRig(endpoints: 2, upstream: "retries: { attempts: 1 }")
        rig.network.route(WorkerRig.endpoint(0), .refused)
        #expect(rig.ask(.get()).contains("upstream_connect_failed") && rig.requests == 1)
    }

    /// A kept connection that the upstream closes just now is nobody's fault: the request goes again, uncounted.
    @Test func aUsedConnectionThatDies() throws {
        let rig = try WorkerRig(upstream: "retries: { attempts: 1 }")
        let client = rig.client()
        client.send(.get("/1"))
        let peer = rig.dialled()
        rig.answer(peer)
        _ = client.take()
        client.send(.get("/2"))
        rig.network.turn()
        peer?.sendEnd()
        let second = rig.dialled()
        #expect(second != nil && rig.answer(second).hasPrefix("GET /2 "))
        #expect(client.takeText().hasSuffix("ok"))
    }

    @Test func aPostIsNotRepeated() throws {
        let rig = try WorkerRig()
        let client = rig.client()
        client.send(.get("/1"))
        let peer = rig.dialled()
        rig.answer(peer)
        _ = client.take()
        client.send("POST /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        rig.network.turn()
        peer?.sendEnd()
        #expect(rig.dialled() == nil)
        #expect(client.takeText().contains("upstream_reset"))
    }

    @Test func anEndpointThatResetsIsLeftForAnother() throws {
        let rig = try WorkerRig(endpoints: 2)
        let client = rig.client()
        client.send(.get())
        rig.dialled()?.reset()
        // Something went wrong there, so the next is given a moment.
        rig.network.advance(.milliseconds(25) + TimerWheel.tick)
        let second = rig.dialled()
        #expect(second?.dialled == WorkerRig.endpoint(1))
        rig.answer(second)
        #expect(client.takeText().hasSuffix("ok"))
    }

    /// The head of a request that is tried again while its body is still to come belongs to the upstream alone.
    @Test func aRepeatedUploadStaysOutOfOtherAnswers() throws {
        let rig = try WorkerRig()
        let first = rig.client()
        first.send(.get("/1"))
        let peer = rig.dialled()
        rig.answer(peer)
        _ = first.take()
        first.send("PUT /upload HTTP/1.1\r\nHost: a\r\nX-Secret: s3cret\r\nContent-Length: 5\r\n\r\n")
        rig.network.settle()
        #expect(peer?.takeText().contains("s3cret") == true)
        peer?.sendEnd()
        let second = rig.dialled()
        #expect(second?.waiting != 0, "the head is sent before the body comes")
        let answer = rig.ask(.get("/nowhere-special", "X: y\r\nExpect: tea\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 417 "), "another client got: \(answer.prefix(60))")
        first.send("hello")
        let request = rig.answer(second)
        #expect(request.hasPrefix("PUT /upload HTTP/1.1\r\n") && request.hasSuffix("\r\n\r\nhello"))
        #expect(first.takeText().hasSuffix("ok"))
    }

    @Test func noEndpointAtAll() throws {
        let rig = try WorkerRig(endpoints: 2)
        for i in 0..<2 { rig.worker.setHealth(false, of: WorkerRig.endpoint(i), upstream: "up") }
        let answer = rig.ask(.get())
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("no_healthy_endpoint") && answer.field("retry-after") == "1")
    }

    @Test(arguments: [
        ("timeouts: { response: 2s }", "", 3, "504", "upstream_timeout"),
        ("timeouts: { connect: 500ms }", "silent", 1, "504", "upstream_connect_timeout"),
        ("timeouts: { total: 1s }", "", 2, "504", "upstream_total_timeout"),
    ]) func timeouts(_ settings: String, _ route: String, _ seconds: Int, _ status: String, _ reason: String) throws {
        let rig = try WorkerRig(upstream: settings + ", retries: { attempts: 1 }")
        if route == "silent" { rig.network.route(WorkerRig.endpoint(0), .silent) }
        let client = rig.client()
        client.send(.get())
        rig.network.advance(.seconds(seconds))
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.contains("\"reason\":\"\(reason)\""))
        #expect(rig.worker.pool.inUse == 0)
    }
}
