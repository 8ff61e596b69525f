import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Responses of an upstream, good and bad, as the other half of the gateway gets them.
@Suite struct ClientResponseTests {
    /// Answer, how the upstream ends ("", "end" or "reset"), what comes of it, whether the connection is kept.
    static let answers: [(String, String, String, Bool)] = [
        (LaneRig.ok, "", "200 ok", true),
        ("HTTP/1.1 204 No\r\n\r\n", "", "204 ", true),
        ("HTTP/1.1 304 No\r\nContent-Length: 10\r\n\r\n", "", "304 ", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n", "", "200 abc", true),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", "end", "200 until the end", false),
        ("HTTP/1.0 200 OK\r\n\r\n", "end", "200 ", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "", "200 ok", false),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "", "200 ok", false),
        // More than there should be: the connection is out of step.
        (LaneRig.ok + "X", "", "200 ok", false),
        ("HTTP/1.1 204 No\r\n\r\nbody", "", "204 ", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "", "200 ", false),
        // Broken off.
        ("", "end", "upstream_reset", false),
        ("", "reset", "upstream_reset", false),
        ("HTTP/1.1 200 OK\r\nContent-", "end", "upstream_reset", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "end", "cut hel upstream_incomplete", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "reset", "cut hel upstream_incomplete", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "end", "cut hello upstream_incomplete", false),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the", "reset", "cut until the upstream_incomplete", false),
        // Malformed.
        ("nonsense", "", "upstream_bad_response", false),
        ("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "", "upstream_bad_response", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "", "upstream_bad_response", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nZZ\r\n", "", "cut ab upstream_bad_response", false),
    ]

    @Test(arguments: answers) func table(_ answer: String, _ end: String, _ expected: String, _ isKept: Bool) throws {
        let rig = LaneRig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        #expect(peer.takeText() == LaneRig.request)
        peer.send(answer)
        if end == "end" { peer.sendEnd() } else if end == "reset" { peer.reset() }
        rig.network.settle()
        #expect(outcome.summary == expected)
        #expect(peer.isClosed == !isKept && rig.lane.endpoints[0].idle.count == (isKept ? 1 : 0) && rig.lane.isQuiet)
        #expect(rig.lane.endpoints[0].open == (isKept ? 1 : 0))
    }

    /// Byte by byte the same answers come to the same.
    @Test(arguments: answers) func byteByByte(_ answer: String, _ end: String, _ expected: String, _ isKept: Bool) throws {
        let rig = LaneRig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        for byte in answer.utf8 {
            peer.send([byte])
            rig.network.settle()
        }
        if end == "end" { peer.sendEnd() } else if end == "reset" { peer.reset() }
        rig.network.settle()
        #expect(outcome.summary == expected)
        #expect(peer.isClosed == !isKept)
    }

    @Test func headHasNoBody() throws {
        let rig = LaneRig()
        let outcome = rig.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
        rig.network.settle()
        #expect(outcome.summary == "200 " && !peer.isClosed)
    }

    @Test func trailersArePassedOn() throws {
        let rig = LaneRig()
        let (outcome, _) = rig.exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n")
        #expect(outcome.trailers == ["X-Sum: 1"])
    }

    /// No body is that long, but none may make the arithmetic stumble either.
    @Test func theLongestLength() throws {
        let rig = LaneRig()
        let (outcome, peer) = rig.exchange("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc")
        #expect(outcome.summary == "open 200 abc")
        peer?.sendEnd()
        rig.network.settle()
        #expect(outcome.summary == "cut abc upstream_incomplete")
    }

    // MARK: Interim responses

    @Test func interimResponsesArePassedOn() throws {
        let rig = LaneRig()
        let (outcome, _) = rig.exchange("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LaneRig.ok)
        #expect(outcome.interim == [100, 103] && outcome.summary == "200 ok")
    }

    @Test func thereAreNotTooManyOfThem() throws {
        let rig = LaneRig()
        let (many, _) = rig.exchange(String(repeating: "HTTP/1.1 102 P\r\n\r\n", count: 32) + LaneRig.ok)
        #expect(many.interim.count == 32 && many.summary == "200 ok")
        let (tooMany, _) = LaneRig().exchange(String(repeating: "HTTP/1.1 102 P\r\n\r\n", count: 33) + LaneRig.ok)
        #expect(tooMany.summary == "upstream_bad_response")
    }

    // MARK: Who speaks out of turn

    @Test func bytesThatNobodyAskedForEndTheConnection() throws {
        let rig = LaneRig()
        let (_, peer) = rig.exchange()
        peer?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        rig.network.settle()
        #expect(peer?.isClosed == true && rig.lane.endpoints[0].idle.isEmpty)
        let next = rig.send()
        let second = try #require(rig.accept())
        second.send(LaneRig.ok)
        rig.network.settle()
        #expect(next.summary == "200 ok")
    }

    // MARK: Slow clients

    @Test func aSlowClientStopsTheReading() throws {
        let rig = LaneRig { $0.timeouts.idle = .seconds(10) }
        let outcome = rig.send(taking: false)
        let peer = try #require(rig.accept())
        rig.network.backend.readSize = 1000
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        peer.send([UInt8](repeating: 0x61, count: 100_000))
        rig.network.settle()
        #expect(outcome.body.count < 3000 && peer.unread > 97_000)
        rig.network.advance(.seconds(35))
        #expect(outcome.summary.hasPrefix("open"), "its own time-out runs at the client's end")
        outcome.takesMore = true
        outcome.exchange?.upstream?.downstreamWritable()
        rig.network.settle()
        #expect(outcome.isComplete && outcome.body.count == 100_000)
        #expect(rig.lane.endpoints[0].idle.count == 1)
    }

    /// The upstream sends everything, resets, and the client is slow: what was sent is not lost.
    @Test func anUpstreamThatResetsBehindAWholeAnswer() throws {
        let rig = LaneRig()
        let outcome = rig.send(taking: false)
        let peer = try #require(rig.accept())
        rig.network.backend.readSize = 1000
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        peer.send([UInt8](repeating: 0x61, count: 5000))
        peer.reset()
        rig.network.settle()
        outcome.takesMore = true
        outcome.exchange?.upstream?.downstreamWritable()
        rig.network.settle()
        #expect(outcome.isComplete && outcome.body.count == 5000)
    }
}
