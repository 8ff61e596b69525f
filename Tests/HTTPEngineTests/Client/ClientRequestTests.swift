import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

/// How requests with bodies go to an upstream.
@Suite struct ClientRequestTests {
    private let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
    private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    private func feed(_ outcome: Outcome, _ text: String) -> Bool? {
        guard let upstream = outcome.exchange?.upstream else { return nil }
        let more = text.withView { upstream.requestBody($0) }
        upstream.requestFlush()
        return more
    }

    @Test func knownLength() throws {
        let rig = LaneRig()
        let outcome = rig.send(post)
        let peer = try #require(rig.accept())
        #expect(outcome.wanted == 1)
        #expect(feed(outcome, "hello") == true && feed(outcome, "world") == true)
        outcome.exchange?.upstream?.requestEnd(trailers: nil)
        #expect(peer.takeText() == "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 10\r\n\r\nhelloworld")
        peer.send(LaneRig.ok)
        rig.network.settle()
        #expect(outcome.summary == "200 ok" && rig.lane.endpoints[0].idle.count == 1)
    }

    @Test func chunksWithTrailers() throws {
        let rig = LaneRig()
        let outcome = rig.send(chunked)
        let peer = try #require(rig.accept())
        _ = feed(outcome, "hello")
        _ = feed(outcome, String(repeating: "x", count: 20_000))
        let trailers = HeaderFields()
        trailers.append("X-Sum", "7")
        outcome.exchange?.upstream?.requestEnd(trailers: trailers)
        let expected = "5\r\nhello\r\n4e20\r\n\(String(repeating: "x", count: 20_000))\r\n0\r\nX-Sum: 7\r\n\r\n"
        #expect(peer.takeText() == "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n" + expected)
    }

    /// What is there when the connection comes goes out with the head, in one call.
    @Test func headAndBodyGoTogether() throws {
        let rig = LaneRig()
        let outcome = rig.send(post)
        outcome.onWanted = { upstream in
            _ = upstream.requestBody(ByteView("helloworld"))
            upstream.requestEnd(trailers: nil)
        }
        let peer = try #require(rig.accept())
        #expect(peer.takeText().hasSuffix("\r\n\r\nhelloworld") && peer.sends == 1)
    }

    @Test func anUpstreamThatTakesSlowly() throws {
        let rig = LaneRig()
        rig.network.route(LaneRig.address(0), MemoryRoute(capacity: 1000))
        let outcome = rig.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n")
        let peer = try #require(rig.accept())
        #expect(feed(outcome, String(repeating: "a", count: 3000)) == true || outcome.exchange != nil)
        #expect(feed(outcome, "") == true)
        let before = outcome.wanted
        rig.network.settle()
        #expect(outcome.wanted == before)
        var all = ""
        for _ in 0..<5 {
            all += peer.takeText()
            rig.network.settle()
        }
        #expect(all.hasSuffix("aaa") && all.count > 3000 && outcome.wanted == before + 1)
    }

    @Test func backPressureIsTold() throws {
        let rig = LaneRig()
        rig.network.route(LaneRig.address(0), MemoryRoute(capacity: 100))
        let outcome = rig.send(chunked)
        _ = try #require(rig.accept())
        var pieces = 0
        while pieces < 50, feed(outcome, String(repeating: "a", count: 1000)) == true { pieces += 1 }
        #expect(pieces < 5, "nothing says that the upstream takes no more")
    }

    /// An answer before the body is complete is passed on; the connection is of no more use.
    @Test func anEarlyAnswer() throws {
        let rig = LaneRig()
        let outcome = rig.send(post)
        let peer = try #require(rig.accept())
        _ = feed(outcome, "hel")
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        rig.network.settle()
        #expect(outcome.summary == "413 no" && peer.isClosed && rig.lane.endpoints[0].idle.isEmpty)
    }

    /// It refuses the upload, and resets while more is being sent: the refusal counts.
    @Test func anAnswerBehindABrokenUpload() throws {
        let rig = LaneRig()
        let outcome = rig.send(post)
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        peer.reset()
        _ = feed(outcome, "hello")
        rig.network.settle()
        #expect(outcome.summary == "413 no")
    }

    @Test func aCancelledExchangeEndsItsConnection() throws {
        let rig = LaneRig()
        let outcome = rig.send(chunked)
        let peer = try #require(rig.accept())
        _ = feed(outcome, "hello")
        outcome.cancel()
        #expect(peer.isClosed && rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
        #expect(!peer.takeText().hasSuffix("0\r\n\r\n"), "a body that was broken off must not look complete")
        #expect(rig.network.loop.output.isEmpty)
    }

    @Test func cancelledWhileConnecting() throws {
        let rig = LaneRig()
        rig.network.route(LaneRig.address(0), .silent)
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        outcome.cancel()
        #expect(peer.isClosed && rig.lane.isQuiet && rig.lane.endpoints[0].open == 0 && outcome.error == nil)
    }
}
