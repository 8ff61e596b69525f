import GatewayCore
import Glibc
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

@Suite struct ClientTimeoutTests {
    private func rig() -> LaneRig {
        LaneRig {
            $0.timeouts.connect = .seconds(1)
            $0.timeouts.response = .seconds(15)
            $0.timeouts.idle = .seconds(5)
            $0.timeouts.total = .seconds(60)
        }
    }

    @Test func connecting() throws {
        let rig = rig()
        rig.network.route(LaneRig.address(0), .silent)
        let outcome = rig.send()
        rig.network.advance(.milliseconds(950))
        #expect(outcome.error == nil)
        rig.network.advance(.milliseconds(100))
        #expect(outcome.summary == "upstream_connect_timeout" && outcome.error?.retry == .yes && outcome.error?.source == .upstream)
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 0 && rig.lane.endpoints[0].counters.failures == 1)
    }

    @Test(arguments: [MemoryRoute.refused, MemoryRoute(refusesAtOnce: EADDRNOTAVAIL)]) func refused(_ route: MemoryRoute) throws {
        let rig = rig()
        rig.network.route(LaneRig.address(0), route)
        let outcome = rig.send()
        rig.network.settle()
        #expect(outcome.summary == "upstream_connect_failed" && outcome.error?.retry == .yes)
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
    }

    @Test func noAnswer() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        rig.network.advance(.milliseconds(14_900))
        peer.send("HTTP/1.1 20")
        rig.network.settle()
        #expect(outcome.error == nil)
        rig.network.advance(.milliseconds(200))
        #expect(outcome.summary == "upstream_timeout" && peer.isClosed, "the whole head counts")
    }

    @Test func anAnswerThatStandsStill() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<5 {
            rig.network.advance(.seconds(4))
            peer.send("x")
        }
        rig.network.settle()
        #expect(outcome.summary == "open 200 xxxxx")
        rig.network.advance(.seconds(6))
        #expect(outcome.summary == "cut xxxxx upstream_idle_timeout" && peer.isClosed)
    }

    @Test func theWholeExchange() throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<16 {
            rig.network.advance(.seconds(4))
            peer.send("x")
        }
        #expect(outcome.error?.reason == .upstreamTotalTimeout && outcome.wasCut && outcome.body.count == 15)
    }

    @Test func theWholeExchangeBoundsConnectingToo() throws {
        let rig = LaneRig {
            $0.timeouts.connect = .seconds(100)
            $0.timeouts.total = .seconds(2)
        }
        rig.network.route(LaneRig.address(0), .silent)
        let outcome = rig.send()
        rig.network.advance(.seconds(3))
        #expect(outcome.summary == "upstream_total_timeout")
    }

    @Test func anUploadThatTheUpstreamDoesNotTake() throws {
        let rig = rig()
        rig.network.route(LaneRig.address(0), MemoryRoute(capacity: 10))
        let outcome = rig.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        let peer = try #require(rig.accept())
        _ = outcome.exchange?.upstream?.requestBody(ByteView("hello"))
        outcome.exchange?.upstream?.requestFlush()
        rig.network.advance(.seconds(6))
        #expect(outcome.summary == "upstream_idle_timeout" && peer.isClosed)
    }

    /// The upstream has taken all there is: if nothing comes, it is the client that sends nothing.
    @Test func anUploadThatTheClientDoesNotSend() throws {
        let rig = rig()
        let outcome = rig.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        let peer = try #require(rig.accept())
        rig.network.advance(.seconds(20))
        #expect(peer.waiting > 0)
        #expect(outcome.error == nil)
    }

    @Test func theAnswerIsAwaitedFromTheEndOfTheRequest() throws {
        let rig = rig()
        let outcome = rig.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        let peer = try #require(rig.accept())
        for _ in 0..<3 {
            rig.network.advance(.seconds(4))
            _ = outcome.exchange?.upstream?.requestBody(ByteView("x"))
            outcome.exchange?.upstream?.requestFlush()
        }
        outcome.exchange?.upstream?.requestEnd(trailers: nil)
        rig.network.advance(.seconds(14))
        #expect(outcome.error == nil)
        peer.send(LaneRig.ok)
        rig.network.settle()
        #expect(outcome.summary == "200 ok")
    }

    /// What an error says about trying again decides whether a request is sent twice.
    @Test(arguments: [("", GatewayError.Retry.ifReused), ("HTTP/1.1 2", .no)])
    func whetherToTryAgain(_ answer: String, _ retry: GatewayError.Retry) throws {
        let rig = rig()
        let outcome = rig.send()
        let peer = try #require(rig.accept())
        peer.send(answer)
        peer.sendEnd()
        rig.network.settle()
        #expect(outcome.error?.reason == .upstreamReset && outcome.error?.retry == retry)
    }
}
