import GatewayCore
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

/// Requests and responses through chains of fixture policies, on one loop over memory.
@Suite struct ChainTests {
    private func rig(_ policies: String, api: String = "[]", gateway: String = "[]", route: String = "upstream: up") throws -> WorkerRig {
        try WorkerRig(ChainTests.text(policies, api: api, gateway: gateway, route: route), policies: Fixtures.registry)
    }

    static func text(_ policies: String, api: String = "[]", gateway: String = "[]", route: String = "upstream: up") -> String {
        """
        policies: \(gateway)
        upstreams: [{ name: up, endpoints: [{ address: "\(WorkerRig.endpoint(0))" }] }]
        apis: [{ name: api, policies: \(api), routes: [{ name: r, match: { path: "/*" }, \(route), policies: \(policies) }] }]
        """
    }

    private static func post(_ body: String, _ fields: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func lines(_ message: String, _ name: String) -> [String] {
        message.split(separator: "\r\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }.filter { $0.hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    // MARK: Order

    @Test func requestsInWrittenOrderResponsesInReverse() throws {
        let rig = try rig(
            "[{ note: { text: route } }, { note: { text: last } }]", api: "[{ note: { text: api } }]", gateway: "[{ note: { text: all } }]")
        let client = rig.client()
        client.send(.get())
        let asked = rig.answer(rig.dialled())
        #expect(lines(asked, "x-request") == ["all", "api", "route", "last"])
        #expect(lines(client.takeText(), "x-response") == ["last4", "route5", "api3", "all3"])
    }

    @Test func theFirstReplyStopsTheChainAndPassesThoseBefore() throws {
        let rig = try rig("[{ note: { text: a } }, { stop: { text: enough } }, { note: { text: never } }]")
        let answer = rig.ask(.get())
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nenough"))
        #expect(lines(answer, "x-response") == ["a1"] && lines(answer, "content-length") == ["6"])
        #expect(rig.dialled() == nil)
    }

    @Test func refusalsKeepTheFieldsOfThePolicy() throws {
        let answer = try rig("[{ note: { text: a } }, stop]").ask(.get())
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("\"reason\":\"fixture_refused\"") && answer.contains("Not today."))
        #expect(lines(answer, "x-stop") == ["yes"] && lines(answer, "x-response") == ["a1"])
    }

    @Test func localAnswersPassTheChain() throws {
        let answer = try rig("[{ note: { text: a } }, { upper-response: { text: '!' } }]", route: "respond: { body: hello }").ask(.get())
        #expect(answer.hasSuffix("\r\n\r\nHELLO!") && lines(answer, "content-length") == ["6"] && lines(answer, "x-response") == ["a1"])
    }

    @Test func upstreamErrorsPassTheChain() throws {
        let rig = try rig("[{ note: { text: a } }]")
        let client = rig.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        let peer = rig.dialled()
        rig.network.settle()
        peer?.reset()
        rig.network.settle()
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 502 ") && lines(answer, "x-response") == ["a1"], "\(answer)")
    }

    // MARK: Conditions

    @Test func conditionsAreDecidedWithTheRequest() throws {
        let rig = try rig(
            """
            [{ note: { text: get }, when: 'request.method == "GET"' }, { note: { text: big }, when: 'response.status >= 400' },
             { note: { text: never }, when: '1 > 2' }, { note: { text: header }, when: 'request.headers["x-a"] == "b"' },
             { note: { text: off }, enabled: false }]
            """.replacing("\n", with: " ").replacing("{ note: { text: big }, when: 'response.status >= 400' },", with: ""))
        let client = rig.client()
        client.send(.get("/", "X-A: b\r\n"))
        let peer = rig.dialled()
        #expect(lines(rig.answer(peer), "x-request") == ["get", "header"])
        #expect(lines(client.takeText(), "x-response") == ["header6", "get3"])
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(lines(rig.answer(peer, "HTTP/1.1 200 OK\r\n\r\n"), "x-request") == [])
        #expect(lines(client.takeText(), "x-response") == [])
    }

    @Test func conditionsOnTheResponse() throws {
        let rig = try rig("[{ later-response: { most: 0 }, when: 'response.status >= 400' }]")
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer)
        #expect(lines(client.takeText(), "x-later-response") == [])
        client.send(.get())
        rig.answer(peer, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        let answer = client.takeText()
        #expect(lines(answer, "x-later-response") == ["yes"] && answer.hasSuffix("\r\n\r\nno"))
    }

    /// What a client leaves out is no way around a guard.
    @Test func guardsRunWhenTheirConditionFails() throws {
        let rig = try rig(
            "[{ finds: { text: me } }, { needs-consumer: {}, when: 'request.headers[\"x-a\"] == \"b\"' }, { note: { text: n }, when: 'request.headers[\"x-a\"] == \"b\"' }]"
        )
        let client = rig.client()
        client.send(.get())
        let asked = rig.answer(rig.dialled())
        #expect(lines(asked, "x-consumer") == ["me"] && lines(asked, "x-request") == [])
    }

    // MARK: Waiting

    @Test(arguments: [0, 1, 5]) func asynchronousPoliciesRunOnTheLoop(_ turns: Int) throws {
        let rig = try rig("[{ note: { text: a } }, { later: { most: \(turns) } }, { note: { text: b } }]")
        let client = rig.client()
        client.send(ChainTests.post("hello"))
        let asked = rig.answer(rig.dialled())
        #expect(lines(asked, "x-later") == ["yes"] && lines(asked, "x-request") == ["a", "b"] && asked.hasSuffix("hello"))
        #expect(lines(client.takeText(), "x-response") == ["b1", "a1"])
    }

    @Test func asynchronousRefusal() throws {
        let answer = try rig("[{ note: { text: a } }, { later: { text: no, most: 2 } }, { note: { text: b } }]").ask(.get())
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && lines(answer, "x-response") == ["a1"])
    }

    /// The exchange of a client that has left is given to nobody else while a task refers to it.
    @Test func clientsThatLeaveWhileAPolicyWaits() throws {
        let rig = try rig("[{ later: { most: 1000 } }]")
        let client = rig.client()
        client.send(.get())
        client.reset()
        let other = rig.client()
        other.send(.get("/other"))
        let asked = rig.answer(rig.dialled())
        #expect(asked.hasPrefix("GET /other ") && other.takeText().hasPrefix("HTTP/1.1 200 "))
        #expect(rig.dialled() == nil && rig.worker.pool.inUse == 0)
    }

    @Test func responsesWaitWithTheirBodies() throws {
        let rig = try rig("[{ note: { text: a } }, { later-response: { most: 3 } }]")
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer)
        let answer = client.takeText()
        #expect(lines(answer, "x-later-response") == ["yes"] && lines(answer, "x-response") == ["a1"] && answer.hasSuffix("\r\n\r\nok"))
        // The upstream's connection serves the next.
        client.send(.get())
        rig.answer(peer)
        #expect(client.takeText().hasSuffix("\r\n\r\nok"))
    }

    @Test func responsesRefusedLate() throws {
        let rig = try rig("[{ note: { text: a } }, { later-response: { text: secret, most: 3 } }]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled())
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && lines(answer, "x-response") == ["a1"] && !answer.contains("\r\n\r\nok"))
    }

    /// The upstream breaks off while a policy looks at its head.
    @Test func upstreamsThatFailWhileAPolicyWaits() throws {
        let rig = try rig("[{ note: { text: a } }, { later-response: { most: 1000 } }]")
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        _ = peer?.takeText()
        peer?.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        peer?.reset()
        rig.network.settle()
        #expect(!client.takeText().hasPrefix("HTTP/1.1 200 OK") || client.isClosed)
        #expect(rig.worker.pool.inUse == 0)
    }

    // MARK: Bodies

    @Test(arguments: [ChainTests.post("hello"), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"])
    func wholeRequests(_ request: String) throws {
        let rig = try rig("[{ whole: { text: '!' } }, { whole: { text: '?' } }]")
        let client = rig.client()
        client.send(request)
        let asked = rig.answer(rig.dialled())
        #expect(asked.hasSuffix("\r\n\r\nhello!?") && lines(asked, "content-length") == ["7"] && lines(asked, "transfer-encoding") == [])
    }

    @Test func requestsWithoutABodyAreWholeToo() throws {
        let rig = try rig("[{ whole: { text: made } }]")
        let client = rig.client()
        client.send(.get())
        #expect(rig.answer(rig.dialled()).hasSuffix("\r\n\r\nmade"))
    }

    @Test func wholeRequestsThatAreTooLong() throws {
        let rig = try rig("[{ note: { text: a } }, { whole: { most: 4 } }]")
        for request in [ChainTests.post("hello"), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"]
        {
            let answer = rig.ask(request)
            #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.contains("request_too_large") && lines(answer, "x-response") == ["a1"])
        }
        #expect(rig.dialled() == nil && rig.worker.pool.inUse == 0)
    }

    @Test func wholeRequestsAreRefused() throws {
        let rig = try rig("[whole]")
        let client = rig.client()
        #expect(rig.ask(client, ChainTests.post("refuse")).hasPrefix("HTTP/1.1 403 "))
        // The connection goes on.
        client.send(.get())
        rig.answer(rig.dialled())
        #expect(client.takeText().hasPrefix("HTTP/1.1 200 "))
    }

    @Test func theGatewayAsksForABodyThatItWants() throws {
        let rig = try rig("[whole]")
        let client = rig.client()
        #expect(rig.ask(client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ok")
        let asked = rig.answer(rig.dialled())
        #expect(asked.hasSuffix("\r\n\r\nok") && lines(asked, "expect") == [])
    }

    /// What was collected can be sent again.
    @Test func wholeRequestsAreRetried() throws {
        let rig = try WorkerRig(
            """
            upstreams: [{ name: up, retries: { attempts: 2, on: [connect-failure, reset] }, endpoints: [{ address: "\(WorkerRig.endpoint(0))" }, { address: "\(WorkerRig.endpoint(1))" }] }]
            apis: [{ name: api, routes: [{ name: r, match: { path: "/*" }, upstream: up, policies: [{ whole: { text: '!' } }] }] }]
            """, policies: Fixtures.registry)
        let client = rig.client()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        let first = rig.dialled()
        rig.network.settle()
        #expect(first?.takeText().hasSuffix("hello!") == true)
        first?.reset()
        rig.network.advance(.milliseconds(50))
        #expect(rig.answer(rig.dialled()).hasSuffix("hello!"))
        #expect(client.takeText().hasPrefix("HTTP/1.1 200 "))
    }

    @Test func stagesSeeRequestsPass() throws {
        let rig = try rig("[upper, { upper: { text: end } }]")
        let client = rig.client()
        client.send(ChainTests.post("hello"))
        let asked = rig.answer(rig.dialled())
        #expect(asked.hasSuffix("\r\n\r\n5\r\nHELLO\r\n3\r\nend\r\n0\r\n\r\n") && lines(asked, "transfer-encoding") == ["chunked"], "\(asked)")
    }

    @Test func stagesRefuseRequests() throws {
        let rig = try rig("[{ note: { text: a } }, { upper: { most: 4 } }]")
        let client = rig.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n")
        let peer = rig.dialled()
        client.send("3\r\nllo\r\n0\r\n\r\n")
        rig.network.settle()
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && lines(answer, "x-response") == ["a1"], "\(answer)")
        #expect(peer?.isClosed == true && rig.worker.pool.inUse == 0)
    }

    @Test func wholeResponses() throws {
        let rig = try rig("[{ upper-response: { text: '.' } }, { whole-response: { text: '!' } }, { whole-response: { text: '?' } }]")
        var peer: TestPeer?
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        ] {
            let client = rig.client()
            client.send(.get())
            peer = rig.dialled() ?? peer
            rig.answer(peer, answer)
            let text = client.takeText()
            #expect(text.contains("OK?!") && text.hasSuffix("0\r\n\r\n"), "\(text)")
            client.reset()
        }
    }

    @Test func wholeResponsesKeepTheirLength() throws {
        let rig = try rig("[{ whole-response: { text: '!' } }]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled())
        let text = client.takeText()
        #expect(text.hasSuffix("\r\n\r\nok!") && lines(text, "content-length") == ["3"])
    }

    @Test(arguments: ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"])
    func wholeResponsesThatAreTooLong(_ rest: String) throws {
        let rig = try rig("[{ note: { text: a } }, { whole-response: { most: 4 } }]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 200 OK\r\n" + rest)
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("response_too_large") && lines(answer, "x-response") == ["a1"], "\(answer)")
        // The client's connection goes on, the upstream's does not.
        client.send(.get())
        rig.answer(rig.dialled())
        #expect(client.takeText().hasSuffix("\r\n\r\nok"))
    }

    @Test func wholeResponsesAreReplaced() throws {
        let rig = try rig("[{ note: { text: a } }, whole-response]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nrefuse")
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && lines(answer, "x-response") == ["a1"] && !answer.hasSuffix("refuse"))
    }

    /// A head that is out can't be taken back.
    @Test func stagesCutResponses() throws {
        let rig = try rig("[{ upper-response: { most: 4 } }]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
        #expect(!client.takeText().hasSuffix("0\r\n\r\n") && client.isClosed && rig.worker.pool.inUse == 0)
    }

    // MARK: Over reloads

    @Test func stateSurvivesAReloadOfTheSameSettings() throws {
        let rig = try rig("[counts, { counts: { text: other } }]")
        var peer: TestPeer?
        func count() -> [String] {
            let client = rig.client()
            client.send(.get())
            peer = rig.dialled() ?? peer
            let asked = rig.answer(peer)
            client.reset()
            rig.network.settle()
            return lines(asked, "x-count")
        }
        #expect(count() == ["1", "1"])
        try rig.apply(ChainTests.text("[counts, { counts: { text: other } }]", api: "[{ note: { text: new } }]"))
        #expect(count() == ["2", "2"])
        // Other settings, another policy; one that wishes to may look at the one before.
        try rig.apply(ChainTests.text("[{ counts: { most: 1 } }, { counts: { text: keep } }]"))
        #expect(count() == ["1", "3"])
    }

    @Test func tracesSayWhatEachPolicyDid() throws {
        let snapshot = try WorkerRig.compile(
            ChainTests.text("[{ note: { text: a } }, { note: { text: b }, when: 'request.path == \"/x\"', name: second }, stop]"),
            policies: Fixtures.registry)
        let rig = try WorkerRig(ChainTests.text("[]"), policies: Fixtures.registry)
        let exchange = rig.worker.pool.take()
        exchange.trace = PolicyTrace()
        let chain = try #require(snapshot.routes[0].chain)
        guard case .stopped = chain.request(exchange) else { throw TestProblem("not stopped") }
        _ = chain.response(exchange)
        let said = exchange.trace?.entries.map { "\($0.policy) \($0.phase.rawValue) \($0.decision)" }
        #expect(said == ["note request passed", "second request skipped", "stop request fixture_refused", "note response passed"])
        #expect(chain.summary == "note, second (note) when request.path == \"/x\", stop")
    }

    @Test func timingIsToldToThoseItIsWantedFor() throws {
        let rig = try WorkerRig(
            ChainTests.text("[{ note: { text: a } }, stop]") + "\ntelemetry: { policyTiming: { when: 'request.headers[\"x-debug\"] == \"1\"' } }\n",
            policies: Fixtures.registry)
        let timing = try #require(rig.ask(.get("/", "X-Debug: 1\r\n")).field("server-timing"))
        let steps = timing.split(separator: ", ").map { $0.replacing(/dur=[0-9]+\.[0-9]{3}/, with: "dur=N") }
        #expect(
            steps == [
                #"note;dur=N;desc="request passed""#, #"stop;dur=N;desc="request fixture_refused""#, #"note;dur=N;desc="response passed""#,
            ])
        #expect(rig.ask(.get("/", "X-Debug: 2\r\n")).field("server-timing") == nil && rig.ask(.get()).field("server-timing") == nil)
        // A response from upstream, and one that waits.
        try rig.apply(
            ChainTests.text("[{ note: { text: a } }, { later-response: { most: 2 } }]")
                + "\ntelemetry: { policyTiming: { when: 'true', log: false } }\n")
        let client = rig.client()
        client.send(.get())
        let peer = rig.dialled()
        rig.answer(peer)
        #expect(client.takeText().field("server-timing")?.contains("later-response;dur=") == true)
        // Bodies, and policies that know their verdict without waiting.
        try rig.apply(
            ChainTests.text("[whole, { later: { text: known } }, whole-response]") + "\ntelemetry: { policyTiming: { when: 'true', log: false } }\n")
        client.send(ChainTests.post("hello"))
        rig.answer(rig.dialled() ?? peer)
        let said = client.takeText().field("server-timing")?.split(separator: ", ").compactMap { $0.split(separator: ";").first.map(String.init) }
        #expect(said == ["whole", "later", "whole-response"])
    }
}
