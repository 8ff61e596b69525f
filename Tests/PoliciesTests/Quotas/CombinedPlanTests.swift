import Model
import Schema
import Testing

@testable import Policies

/// What several plans come to.
@Suite struct CombinedPlanTests {
    private func combined(_ yaml: String...) throws -> CombinedPlan {
        try #require(CombinedPlan(try yaml.map { try decoded("{ name: \($0) }") }))
    }

    private func limits(_ plan: CombinedPlan) -> [String] {
        plan.limits.map { "\($0.plan) \($0.limit)/\($0.window)" + ($0.burst.map { " burst \($0)" } ?? "") }
    }
    private func quotas(_ plan: CombinedPlan) -> [String] { plan.quotas.map { "\($0.plan) \($0.amount)/\($0.window.per.rawValue)" } }

    @Test func noPlansAreNone() { #expect(CombinedPlan([]) == nil) }

    /// As a whole: the windows of one plan, not the best of each length.
    @Test func theMostGenerousLimitsAreThoseThatGoFastestInTheLongRun() throws {
        let plan = try combined("a, limits: [{ limit: 100, window: 1m }, { limit: 600, window: 1h }]", "b, limits: [{ limit: 30, window: 1m }]")
        // 600 in an hour are 10 in a minute.
        #expect(limits(plan) == ["b 30/60.0 seconds"])
    }

    @Test func ofEqualsTheFirstCounts() throws {
        let plan = try combined("a, limits: [{ limit: 60, window: 1m }]", "b, limits: [{ limit: 1, window: 1s }]")
        #expect(limits(plan) == ["a 60/60.0 seconds"])
    }

    @Test func aPartThatAPlanLeavesOutIsNotItsMatter() throws {
        let plan = try combined(
            "a, limits: [{ limit: 1, window: 1m }]", "b, quotas: [{ calls: 5, per: day }]", "c, quotas: [{ bytes: 1KiB, per: day }]")
        #expect(limits(plan) == ["a 1/60.0 seconds"])
        #expect(quotas(plan) == ["b 5/day", "c 1024/day"])
        #expect(plan.access == [])
    }

    @Test func sumsAddToWindowsThatAreAlike() throws {
        let plan = try combined(
            "base, limits: [{ limit: 10, window: 1m, burst: 2 }], quotas: [{ calls: 100, per: month }]",
            "pack, combine: sum, limits: [{ limit: 5, window: 1m }, { limit: 1, window: 1s }], quotas: [{ calls: 50, per: month }, { calls: 1, per: day }]"
        )
        #expect(limits(plan) == ["base 15/60.0 seconds burst 7"])
        #expect(quotas(plan) == ["base 150/month"])
    }

    @Test func sumsStandByThemselvesWhereThereIsNothingToAddTo() throws {
        let plan = try combined(
            "a, combine: sum, quotas: [{ calls: 50, per: month }, { calls: 9, per: day }]", "b, combine: sum, quotas: [{ calls: 5, per: month }]")
        #expect(quotas(plan) == ["a 55/month", "a 9/day"])
    }

    @Test func whatIsStrictestHoldsInAnyCase() throws {
        let plan = try combined(
            "base, limits: [{ limit: 10, window: 1m }], quotas: [{ calls: 100, per: month, soft: true }]",
            "trial, combine: strictest, limits: [{ limit: 20, window: 1m }, { limit: 1, window: 1s }], quotas: [{ calls: 200, per: month }]")
        #expect(limits(plan) == ["base 10/60.0 seconds", "trial 1/1.0 seconds"])
        // 100 that are soft refuse nobody.
        #expect(quotas(plan) == ["trial 200/month"])
    }

    @Test func softQuotasAreTheMostGenerous() throws {
        let plan = try combined("a, quotas: [{ calls: 1000, per: day }]", "b, quotas: [{ calls: 1, per: day, soft: true }]")
        #expect(quotas(plan) == ["b 1/day"])
    }

    @Test func accessIsAllThatIsOpenAndWithinAllThatIsStrict() throws {
        let plan = try combined(
            "a, access: [{ api: x }]", "b, combine: sum, access: [{ api: y }]", "c, combine: strictest, access: [{ api: z }]",
            "d, limits: [{ limit: 1, window: 1m }]")
        #expect(plan.access.map { $0.map(\.api) } == [["x", "y"], ["z"]])
    }

    @Test func amountsDoNotOverflow() throws {
        let most = QuotaAmount.range.upperBound
        let plan = try combined("a, quotas: [{ calls: \(most), per: day }]", "b, combine: sum, quotas: [{ calls: \(most), per: day }]")
        #expect(plan.quotas.map(\.amount) == [most])
    }
}
