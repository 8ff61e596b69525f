import GatewayCore
import HTTPEngine
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import HTTPEngine

@Suite struct SilenceWatchTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func asksOnceAndGivesUp() {
        var watch = SilenceWatch(most: .seconds(10))
        #expect(watch.begin(start) == start + .seconds(10))
        watch.hears(start + .seconds(4))
        #expect(watch.look(start + .seconds(10)) == .wait(until: start + .seconds(14)))
        #expect(watch.look(start + .seconds(14)) == .ask(thenWait: start + .seconds(24)))
        #expect(watch.look(start + .seconds(20)) == .wait(until: start + .seconds(24)))
        #expect(watch.look(start + .seconds(24)) == .gone)
    }

    @Test func whateverComesIsASign() {
        var watch = SilenceWatch(most: .seconds(10))
        _ = watch.begin(start)
        #expect(watch.look(start + .seconds(10)) == .ask(thenWait: start + .seconds(20)))
        watch.hears(start + .seconds(19))
        #expect(watch.look(start + .seconds(20)) == .wait(until: start + .seconds(29)))
        #expect(watch.look(start + .seconds(29)) == .ask(thenWait: start + .seconds(39)))
    }

    @Test func neverAsks() {
        var watch = SilenceWatch(most: .max)
        #expect(watch.begin(start) == .never)
    }

    // MARK: On a connection

    private func rig(ping: Nanoseconds = .seconds(5)) throws -> (LaneRig, Outcome, FramePeer) {
        let rig = LaneRig {
            $0.version = .http2
            $0.timeouts.ping = ping
            $0.timeouts.response = .seconds(60)
        }
        let outcome = rig.send()
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        _ = peer.frames()
        return (rig, outcome, peer)
    }

    @Test func anUpstreamThatAnswersIsWaitedFor() throws {
        let (rig, outcome, peer) = try rig()
        for _ in 0..<3 {
            rig.network.advance(.seconds(6))
            let pings = peer.frames(FramePeer.ping)
            #expect(pings.count == 1 && pings.first?.flags == 0)
            peer.send(FramePeer.ping, flags: 1, payload: pings.first?.payload ?? [])
            rig.network.settle()
        }
        peer.answer(1)
        rig.network.settle()
        #expect(outcome.summary == "200 ok")
        rig.network.advance(.seconds(30))
        #expect(peer.frames(FramePeer.ping).isEmpty, "nobody waits for anything")
        #expect(rig.lane.endpoints[0].open == 1)
    }

    @Test func anUpstreamThatIsGoneIsGivenUp() throws {
        let (rig, outcome, peer) = try rig()
        rig.network.advance(.seconds(9))
        #expect(peer.frames(FramePeer.ping).count == 1 && outcome.error == nil)
        rig.network.advance(.seconds(2))
        #expect(outcome.error?.reason == .upstreamReset && peer.peer.isClosed)
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
    }

    @Test func withoutTheSettingNobodyIsAsked() throws {
        let (rig, _, peer) = try rig(ping: .max)
        rig.network.advance(.seconds(50))
        #expect(peer.frames(FramePeer.ping).isEmpty)
    }
}
