import GatewayCore
import HTTPEngine
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import DataPlane

/// Requests that are tried again, against upstreams that the test plays, on a clock that it turns.
@Suite struct RetryFlowTests {
    private static let unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nnope"

    private func rig(_ retries: String, endpoints: Int = 2, more: String = "") throws -> WorkerRig {
        try WorkerRig(endpoints: endpoints, upstream: "retries: { backoff: 0s, \(retries) }\(more.isEmpty ? "" : ", " + more)")
    }

    private func lane(_ rig: WorkerRig) -> UpstreamLane { rig.worker.view.lanes[0] }

    @Test func anAnswerIsHeldBackAndAnotherEndpointAsked() throws {
        let rig = try rig("on: [502-504]")
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.answer(first, RetryFlowTests.unavailable)
        #expect(client.waiting == 0, "nothing of it has gone out")
        let second = rig.dialled()
        #expect(first?.dialled != second?.dialled)
        rig.answer(second)
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\nok") && !answer.contains("nope"))
        #expect(lane(rig).vitals.retries[.status] == 1 && rig.worker.pool.inUse == 0)
    }

    @Test func theLastAnswerGoesToTheClient() throws {
        let rig = try rig("attempts: 3, on: [503]", endpoints: 4)
        let client = rig.client()
        client.send(.get())
        var asked: Set<String> = []
        for _ in 0..<3 {
            let peer = rig.dialled()
            asked.insert(peer?.dialled.map { "\($0)" } ?? "")
            rig.answer(peer, RetryFlowTests.unavailable)
        }
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.hasSuffix("nope") && rig.dialled() == nil)
        #expect(asked.count == 3, "each time another: \(asked)")
    }

    @Test func otherAnswersAreFinal() throws {
        let rig = try rig("on: [502, 504]")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        #expect(client.takeText().hasPrefix("HTTP/1.1 503 ") && rig.dialled() == nil)
    }

    @Test(arguments: [("", false), (", methods: [GET, POST]", true)]) func aPostOnlyByOptIn(_ methods: String, _ isRepeated: Bool) throws {
        let rig = try rig("on: [503]\(methods)")
        let client = rig.client()
        client.send("POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        #expect(rig.answer(rig.dialled(), RetryFlowTests.unavailable).hasSuffix("\r\n\r\nhello"))
        let second = rig.dialled()
        #expect((second != nil) == isRepeated)
        if isRepeated {
            #expect(rig.answer(second).hasSuffix("\r\n\r\nhello"))
            #expect(client.takeText().hasPrefix("HTTP/1.1 200 "))
        } else {
            #expect(client.takeText().hasPrefix("HTTP/1.1 503 "))
        }
    }

    @Test(arguments: ["Content-Length: 11\r\n\r\nhello world", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"])
    func aBodyIsSentAgainFromMemory(_ body: String) throws {
        let rig = try rig("attempts: 4, on: [503, reset]", endpoints: 4)
        let client = rig.client()
        client.send("PUT /x HTTP/1.1\r\nHost: a\r\n" + body)
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        let second = rig.dialled()
        rig.network.settle()
        #expect(second?.takeText().hasSuffix("hello world") == true)
        second?.reset()
        #expect(rig.answer(rig.dialled(), RetryFlowTests.unavailable).hasSuffix("\r\n\r\nhello world"))
        let last = rig.answer(rig.dialled())
        #expect(last.field("content-length") == "11" && last.hasSuffix("\r\n\r\nhello world"))
        #expect(client.takeText().hasSuffix("ok") && rig.worker.pool.inUse == 0)
    }

    @Test(arguments: ["Content-Length: 2000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7d0\r\n"]) func aLongBodyIsNotKept(_ head: String) throws {
        let rig = try rig("on: [503], body: 1KiB")
        let client = rig.client()
        let tail = head.contains("chunked") ? "\r\n0\r\n\r\n" : ""
        client.send("PUT /x HTTP/1.1\r\nHost: a\r\n\(head)\(String(repeating: "b", count: 2000))\(tail)")
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        #expect(rig.dialled() == nil && client.takeText().hasPrefix("HTTP/1.1 503 "))
    }

    /// An answer before the body is there: nobody knows yet what would have to be sent again.
    @Test func anUnfinishedBodyIsNotSentAgain() throws {
        let rig = try rig("on: [503]")
        let client = rig.client()
        client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        #expect(rig.dialled() == nil && client.takeText().hasPrefix("HTTP/1.1 503 "))
    }

    // MARK: Waiting

    @Test func theWaitGrowsAndIsBounded() throws {
        let rig = try WorkerRig(endpoints: 1, upstream: "retries: { attempts: 5, on: [503], backoff: 100ms, maxBackoff: 300ms }")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        for bound in [100, 200, 300, 300] {
            rig.network.advance(.milliseconds(bound) + TimerWheel.tick)
            let peer = rig.dialled()
            #expect(peer != nil, "after \(bound) ms")
            rig.answer(peer, RetryFlowTests.unavailable)
        }
        #expect(client.takeText().hasPrefix("HTTP/1.1 503 "))
    }

    @Test func aClientThatLeavesWhileItsRequestWaits() throws {
        let rig = try WorkerRig(endpoints: 1, upstream: "retries: { attempts: 3, on: [503], retryAfter: 5s }")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 503 x\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")
        client.reset()
        rig.network.settle()
        #expect(rig.worker.pool.inUse == 0)
        rig.network.advance(.seconds(5))
        #expect(rig.dialled() == nil && rig.requests == 1)
    }

    @Test(arguments: [("0", true), ("1", true), ("2", false), ("Tue, 24 Nov 2026 16:00:00 GMT", false)])
    func retryAfterIsWaitedForWhenItIsShort(_ value: String, _ isRepeated: Bool) throws {
        let rig = try rig("on: [429, 503], retryAfter: 1s")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 429 x\r\nRetry-After: \(value)\r\nContent-Length: 0\r\n\r\n")
        if value == "1" {
            rig.network.advance(.milliseconds(990))
            #expect(rig.dialled() == nil)
        }
        rig.network.advance(.milliseconds(10) + TimerWheel.tick)
        let second = rig.dialled()
        #expect((second != nil) == isRepeated)
        rig.answer(second)
        let answer = client.takeText()
        #expect(answer.hasPrefix(isRepeated ? "HTTP/1.1 200 " : "HTTP/1.1 429 ") && (isRepeated || answer.field("retry-after") == value))
    }

    @Test func nobodyWaitsBeyondTheTotalTime() throws {
        let rig = try rig("on: [503], retryAfter: 10s", more: "timeouts: { total: 3s }")
        let client = rig.client()
        client.send(.get())
        rig.answer(rig.dialled(), "HTTP/1.1 503 x\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n")
        #expect(client.takeText().hasPrefix("HTTP/1.1 503 "), "at once")
    }

    // MARK: Times and budgets

    @Test func eachTryHasItsTime() throws {
        let rig = try rig("attempts: 3, perTry: 500ms", endpoints: 3)
        let client = rig.client()
        client.send(.get())
        let first = rig.dialled()
        rig.network.advance(.milliseconds(499))
        #expect(rig.dialled() == nil)
        rig.network.advance(.milliseconds(1) + TimerWheel.tick)
        let second = rig.dialled()
        #expect(second != nil && second?.dialled != first?.dialled)
        rig.network.advance(.milliseconds(500) + TimerWheel.tick)
        let third = rig.dialled()
        third?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        rig.network.settle()
        rig.network.advance(.seconds(10))
        third?.send("ok")
        rig.network.settle()
        #expect(client.takeText().hasSuffix("ok"), "the time of a try ends with the head")
        #expect(lane(rig).vitals.retries[.timeout] == 2)
    }

    @Test func theLastTryThatTakesTooLong() throws {
        let rig = try rig("attempts: 2, perTry: 500ms")
        let client = rig.client()
        client.send(.get())
        rig.network.advance(.milliseconds(1000) + 2 * TimerWheel.tick)
        let answer = client.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 504 ") && answer.contains("\"reason\":\"upstream_timeout\""))
    }

    @Test func aPostIsNotTriedAgainWhenItTookTooLong() throws {
        let rig = try rig("attempts: 2, perTry: 500ms")
        let client = rig.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        rig.network.advance(.milliseconds(500) + TimerWheel.tick)
        #expect(client.takeText().hasPrefix("HTTP/1.1 504 ") && rig.requests == 1)
    }

    /// Exactly a fifth of the requests is tried again, and then nothing more, until ten seconds have passed.
    @Test func theBudgetIsExact() throws {
        let rig = try rig("attempts: 2, on: [503], budget: 20%, budgetMinimum: 0", endpoints: 1)
        let client = rig.client()
        for _ in 0..<50 {
            client.send(.get())
            rig.network.settle()
            let peer = rig.dialled()
            rig.answer(peer, "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            if let again = rig.dialled() { rig.answer(again, "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") }
            #expect(client.takeText().hasPrefix("HTTP/1.1 503 "))
        }
        let retries = lane(rig).vitals.retries
        #expect(retries[.status] == 10 && retries.denied == 40)
        rig.network.advance(.seconds(10))
        client.send(.get())
        rig.answer(rig.dialled(), RetryFlowTests.unavailable)
        #expect(rig.dialled() == nil, "what was saved is forgotten")
    }

    // MARK: Deadlines

    @Test func aDeadlineIsKept() throws {
        let rig = try WorkerRig(upstream: "deadline: {}, retries: { attempts: 1 }")
        let wall = rig.network.loop.wallClock / 1_000_000_000
        let client = rig.client()
        client.send(.get("/", "X-Request-Deadline: \(wall + 2)\r\n"))
        let peer = rig.dialled()
        rig.network.settle()
        #expect(peer?.takeText().field("x-request-deadline") == "\(wall + 2)")
        rig.network.advance(.seconds(3))
        #expect(client.takeText().contains("deadline_exceeded"))
        #expect(rig.ask(.get("/", "X-Request-Deadline: \(wall)\r\n")).contains("deadline_exceeded"))
        #expect(rig.ask(.get("/", "X-Request-Deadline: soon\r\n")).contains("bad_deadline") && rig.requests == 1)
    }

    @Test func theServiceIsToldWhereTheCallerSaysNothing() throws {
        let rig = try WorkerRig(upstream: "deadline: { header: X-By, always: true }, timeouts: { total: 5s }")
        let client = rig.client()
        let wall = Double(rig.network.loop.wallClock) / 1e9
        client.send(.get())
        let told = rig.answer(rig.dialled()).field("x-by").flatMap(Double.init)
        #expect(abs((told ?? 0) - wall - 5) < 0.01)
    }
}
