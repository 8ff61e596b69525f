import Testing

@testable import Upstreams

@Suite struct HealthTrackerTests {
    /// Results as letters: "+" well, "-" sick; upper case in `expected` where the health changes.
    @Test(arguments: [
        (1, 2, "+-+--+", "hhhhSH"),
        (2, 3, "---++", "hhSsH"),
        (2, 3, "--+---", "hhhhhS"),
        (2, 1, "-+-++", "SsssH"),
        (1, 1, "-+-+", "SHSH"),
        (3, 1, "-++-+++", "SsssssH"),
        (0, 0, "-+", "SH"),
    ])
    func streaks(_ healthyAfter: Int, _ unhealthyAfter: Int, _ results: String, _ expected: String) {
        var tracker = HealthTracker(healthyAfter: healthyAfter, unhealthyAfter: unhealthyAfter)
        #expect(tracker.isHealthy)
        var trace = ""
        for result in results {
            let changed = tracker.record(success: result == "+")
            let letter = tracker.isHealthy ? "h" : "s"
            trace += changed ? letter.uppercased() : letter
        }
        #expect(trace == expected)
    }

    @Test func beginningSick() {
        var tracker = HealthTracker(healthyAfter: 1, unhealthyAfter: 1, isHealthy: false)
        #expect(!tracker.isHealthy)
        #expect(tracker.record(success: true) && tracker.isHealthy)
    }
}
