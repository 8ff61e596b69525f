import Primitives
import Reactor
import Testing

@testable import Policies

@Suite struct RefreshFlightsTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let session = OIDCSession(
        id: "1", provider: "p", claims: [:], started: 0, accessToken: "new", accessExpires: nil, refreshToken: nil, idToken: "")

    private func isLeader(_ flights: RefreshFlights, _ key: String, _ now: Instant) -> Bool {
        if case .leads = flights.role(key, now: now) { true } else { false }
    }

    private func known(_ flights: RefreshFlights, _ key: String, _ now: Instant) -> RefreshFlights.Outcome? {
        if case .knows(let outcome) = flights.role(key, now: now) { outcome } else { nil }
    }

    @Test func oneLeadsAndAllLearn() async {
        let flights = RefreshFlights()
        #expect(isLeader(flights, "a", start))
        #expect(!isLeader(flights, "a", start) && known(flights, "a", start) == nil)
        #expect(isLeader(flights, "b", start))
        async let first = flights.result("a")
        async let second = flights.result("a")
        flights.land("a", .refreshed(session), now: start)
        #expect(await [first, second] == [.refreshed(session), .refreshed(session)])
        #expect(await flights.result("a") == .refreshed(session))
        // Browsers go on with the old cookie for a while.
        #expect(known(flights, "a", start + .seconds(59)) == .refreshed(session))
        #expect(isLeader(flights, "a", start + .seconds(60)))
    }

    @Test func aFailureIsTriedAgainSoon() async {
        let flights = RefreshFlights()
        #expect(isLeader(flights, "a", start))
        flights.land("a", .failed, now: start)
        #expect(known(flights, "a", start + .milliseconds(999)) == .failed)
        #expect(isLeader(flights, "a", start + .seconds(1)))
        flights.land("a", .ended, now: start)
        #expect(known(flights, "a", start + .seconds(10)) == .ended)
        #expect(await flights.result("nobody's") == .failed)
    }
}
