package import GatewayCore
package import Model
package import PolicyKit
import Primitives
import Reactor
package import Schema
package import SharedState

/// Limits how many requests may come in how much time, exactly and across event loops (`docs/guides/rate-limiting.md`).
package final class RateLimit: Policy, RequestPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("Requests allowed in each `window`; units, where `cost` says that some requests spend more than one.", RateWindow.limits)
        package var limit: Int?

        @Setting("Length of the window.", RateLimit.periods)
        package var window: Duration?

        @Setting(
            "Requests that may come at once, for `gcra` alone: with 1 they are `window / limit` apart. Left out: as many as `limit`.",
            1...RateWindow.limits.upperBound)
        package var burst: Int?

        @Setting("Several windows in place of one. A request takes its cost from each of them, or, if one has not enough, from none.")
        package var windows: [Window] = []

        @Setting("How a window counts: `gcra` refills steadily, `sliding` holds in every window, `fixed` starts anew when the clock says so.")
        package var algorithm: RateAlgorithm = .gcra

        @Setting(
            """
            Whose requests are counted together: those of an `ip`, `consumer` or `route`, or those for which an expression has the same value. \
            Requests for which it has none, or is empty, share one count.
            """)
        package var by: RateLimitKey = .ip

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

        @Setting(
            "Units that a request spends: an expression that gives a whole number. One that is negative is 0; without a value, it is 1. Left out: 1.")
        package var cost: ExpressionText?

        @Setting(
            """
            Response fields that tell clients what is left: `standard` for `RateLimit` and `RateLimit-Policy` \
            (draft-ietf-httpapi-ratelimit-headers-10), `legacy` for `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds from now).
            """)
        package var headers: RateLimitFields.Kind = .standard

        @Setting(
            """
            Counts, and notes in the access log as `rateLimitDryRun` what it would refuse, but refuses nothing and adds no response fields.
            """)
        package var dryRun: Bool = false

        @Setting(
            """
            Keys remembered at most; beyond, those that have spent least are forgotten first. A key takes 55 to 90 bytes for one window of \
            `gcra` or `fixed`, and up to 900 for `sliding`; memory is taken as keys come.
            """, 1...100_000_000)
        package var capacity: Int = 100_000

        package static var about: String { "Limits how many requests may come in how much time, exactly and across event loops." }
        package init() {}
    }

    package struct Window: Settings {
        @Setting("Requests, or units, allowed in each window.", RateWindow.limits)
        package var limit: Int

        @Setting("Length of the window.", RateLimit.periods)
        package var window: Duration

        @Setting("Requests that may come at once, for `gcra` alone. Left out: as many as `limit`.", 1...RateWindow.limits.upperBound)
        package var burst: Int?

        package init() {}
    }

    package static let id = "rate-limit"
    package static let example = """
        rate-limit: { limit: 100, window: 1m }
        """
    package static let reasons: [Reason] = [.rateLimited]
    package static var isGuard: Bool { true }
    package static let periods = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)

    private let limiter: MemoryLimiter
    private let key: RateLimitKey.Compiled
    private let cost: RateLimitCost
    private let fields: RateLimitFields
    private let isDryRun: Bool
    private let refusal = GatewayError(.rateLimited, "Too many requests have come in too short a time.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let windows = try config.rateWindows()
        key = try RateLimitKey.Compiled(config, context)
        cost = try RateLimitCost(config.cost, context)
        fields = RateLimitFields(config.headers, label: context.label, windows)
        limiter = MemoryLimiter(windows: windows, algorithm: config.algorithm, capacity: config.capacity)
        isDryRun = config.dryRun
    }

    package static func needs(_ config: Config) -> [Fact] { config.by == .consumer ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { isDryRun || fields.kind == .none ? [.request] : [.request, .response] }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let loop = exchange.loop
        let cost = cost.units(exchange)
        let decision = limiter.take(key: key.bytes(exchange), cost: cost, now: loop.now, wall: loop.wallClock)
        if isDryRun {
            if !decision.allowed { fields.noteDryRun(exchange) }
            return .proceed
        }
        if fields.kind != .none { exchange.memo = RateLimitLeft(decision).memo }
        if decision.allowed { return .proceed }
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: fields.retryAfter(decision)) }
        return .refuse(refusal)
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if let left = RateLimitLeft(exchange.memo) { fields.add(left, to: exchange) }
        return .proceed
    }
}

extension Reason {
    package static let rateLimited = Reason("rate_limited", 429, "Too many requests")
}

extension RateAlgorithm: SettingChoice {}
