package import Model
import PolicyKit
import Reactor
package import Schema
package import SharedState

extension RateLimit {
    package static let periods = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)

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

        @Setting(
            """
            Other windows for some requests, such as those of a plan: the first entry whose `when` holds takes the place of the windows above, \
            with counters of its own.
            """)
        package var limits: [Tier] = []

        @Setting("How a window counts: `gcra` refills steadily, `sliding` holds in every window, `fixed` starts anew when the clock says so.")
        package var algorithm: RateAlgorithm = .gcra

        @Setting(
            """
            Whose requests are counted together: those of an `ip`, `consumer`, `route`, `upstream` or `connection`, or those for which an \
            expression has the same value. Requests for which it has none, or is empty, share one count. A list counts together those that agree in all of it.
            """)
        package var by: RequestKeys = RequestKeys([.ip])

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

        @Setting(
            "Units that a request spends: an expression that gives a whole number. One that is negative is 0; without a value, it is 1. Left out: 1.")
        package var cost: ExpressionText?

        @Setting(
            """
            What a request has cost as its response tells: an expression that gives a whole number, such as `int(response.headers["x-cost"])`. \
            `cost` is taken when the request comes, and the difference is taken or given back when the response does; without a value, `cost` \
            stands.
            """)
        package var costFrom: ExpressionText?

        @Setting("`allowed` counts what was let through; `all` counts refused requests, too, so that only who keeps quiet is let through again.")
        package var count: Counting = .allowed

        @Setting("Lets requests wait until there is room for them, in place of refusing them. Left out: nobody waits.")
        package var queue: LimitQueueSettings?

        @Setting(
            """
            Where is counted: `memory` of this gateway, on the `redis` server of `state.redis` that gateways share, or `local-sync`, in memory, \
            with other gateways told behind the request's back. Left out: `redis` if there is one, else `memory`.
            """)
        package var store: StoreKind?

        @Setting(
            """
            What becomes of requests while the store does not answer: they are counted in this gateway's memory (`local`), pass uncounted \
            (`allow`), or are refused with 503 (`deny`).
            """)
        package var onStoreFailure: OnStoreFailure = .local

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

    /// Windows for requests of which something holds.
    package struct Tier: Settings {
        @Setting("Which requests these windows are for: an expression, such as `consumer.plan == \"gold\"`.")
        package var when: ExpressionText

        @Setting("Requests, or units, allowed in each `window`.", RateWindow.limits)
        package var limit: Int?

        @Setting("Length of the window.", RateLimit.periods)
        package var window: Duration?

        @Setting("Requests that may come at once, for `gcra` alone. Left out: as many as `limit`.", 1...RateWindow.limits.upperBound)
        package var burst: Int?

        @Setting("Several windows in place of one.")
        package var windows: [Window] = []

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
    /// Which requests a window counts.
    package enum Counting: String, SettingChoice { case allowed, all }
}

extension RateLimit.Config {
    /// What settings mean together.
    func check() throws(PolicyError) {
        if queue != nil, count == .all {
            throw PolicyError(
                "whoever waits asks again and again, and each time would count", at: $count.position, path: "count",
                remedy: "leave out `queue`, or `count: all`")
        }
        guard limits.count <= RateLimitTier.most else {
            throw PolicyError("\(limits.count) entries are more than \(RateLimitTier.most)", at: $limits.position, path: "limits")
        }
        if store == .memory, $onStoreFailure.isGiven {
            throw PolicyError(
                "memory never fails", at: $onStoreFailure.position, path: "onStoreFailure", remedy: "leave out `onStoreFailure`")
        }
    }
}

/// What becomes of requests while the store of a limit does not answer.
package enum OnStoreFailure: String, SettingChoice { case allow, deny, local }

extension RateAlgorithm: SettingChoice {}
extension StoreKind: SettingChoice {}
