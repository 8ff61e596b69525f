package import Schema
package import SharedState

extension SpikeArrest {
    package struct Config: Settings {
        @Setting("Requests in each `window`, equally far apart: 30 in a minute are one each 2 seconds.", 1...1_000_000_000)
        package var limit: Int

        @Setting("The time for which `limit` is given.", .milliseconds(1) ... .seconds(366 * 86_400))
        package var window: Duration

        @Setting("Requests that may come at once after a pause.", 1...1_000_000)
        package var burst: Int = 1

        @Setting(
            """
            Lets requests wait for their turn in place of refusing them. They go in the order in which they have come; who could not go in time \
            is refused at once. Left out: nobody waits.
            """)
        package var queue: LimitQueueSettings?

        @Setting(
            """
            Whose requests are spread together: those of an `ip`, `consumer`, `route`, `upstream` or `connection`, or those for which an \
            expression has the same value. Requests for which it has none, or is empty, are spread together.
            """)
        package var by: RequestKeys = RequestKeys([.ip])

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

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

        @Setting("Response fields that tell clients what may come at once: as for `rate-limit`.")
        package var headers: RateLimitFields.Kind = .standard

        @Setting(
            """
            Counts, and notes in the access log as `rateLimitDryRun` what it would refuse, but refuses nothing, lets nobody wait and adds no \
            response fields.
            """)
        package var dryRun: Bool = false

        @Setting(
            "Keys remembered at most, in memory; beyond, those that have spent least are forgotten first. A key takes 55 to 90 bytes.",
            1...100_000_000)
        package var capacity: Int = 100_000

        package static var about: String { "Spreads requests evenly over time: the next one goes when its moment has come." }
        package init() {}
    }
}
