import Reactor
import Testing

@testable import Certificates

/// Gateways around one lease, each with a clock of its own.
@Suite struct LeaderElectionTests {
    func at(_ seconds: Int) -> Instant { Instant(nanoseconds: .seconds(seconds)) }
    func lease(_ holder: String, _ beat: Int) -> LeaderElection.Lease { .init(holder: holder, beat: beat) }

    @Test func theFirstLeadsAndTheSecondFollows() {
        var a = LeaderElection(me: "a", lifetime: .seconds(10)), b = LeaderElection(me: "b", lifetime: .seconds(10))
        #expect(a.step(nil, now: at(0)) == lease("a", 1) && a.leads(at(9)) && !a.leads(at(10)))
        #expect(b.step(lease("a", 1), now: at(0)) == nil && !b.leads(at(0)))
        #expect(a.step(lease("a", 1), now: at(8)) == lease("a", 2) && a.leads(at(17)))
        // Seen anew, the lease counts from then on.
        #expect(b.step(lease("a", 2), now: at(9)) == nil && b.step(lease("a", 2), now: at(18)) == nil)
    }

    @Test func whoSeesNoChangeTakesOver() {
        var b = LeaderElection(me: "b", lifetime: .seconds(10))
        #expect(b.step(lease("a", 5), now: at(100)) == nil)
        #expect(b.step(lease("a", 5), now: at(109)) == nil)
        #expect(b.step(lease("a", 5), now: at(110)) == lease("b", 6) && b.leads(at(119)))
    }

    @Test func whoWasReplacedFollows() {
        var a = LeaderElection(me: "a", lifetime: .seconds(10))
        _ = a.step(nil, now: at(0))
        #expect(a.step(lease("b", 7), now: at(5)) == nil && !a.leads(at(5)))
    }

    @Test func aLeaseThatIsGivenBackIsFree() {
        var a = LeaderElection(me: "a", lifetime: .seconds(10)), b = LeaderElection(me: "b", lifetime: .seconds(10))
        _ = a.step(nil, now: at(0))
        #expect(b.step(lease("a", 1), now: at(1)) == nil)
        #expect(a.release(lease("a", 1)) == lease("", 2) && !a.leads(at(1)))
        #expect(b.step(lease("", 2), now: at(2)) == lease("b", 3))
        // What is another's is not given back.
        #expect(a.release(lease("b", 3)) == nil)
    }
}
