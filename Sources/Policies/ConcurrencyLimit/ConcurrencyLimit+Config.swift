package import Schema
package import SharedState

extension ConcurrencyLimit {
    package struct Config: Settings {
        @Setting("Requests of a key that are under way at a time, from when they come until their response has ended.", 1...10_000_000)
        package var limit: Int

        @Setting(
            """
            Whose requests are counted together: those of an `ip`, `consumer`, `route`, `upstream` or `connection`, or those for which an \
            expression has the same value. Requests for which it has none, or is empty, share one count.
            """)
        package var by: RequestKeys = RequestKeys([.route])

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

        @Setting(
            "Lets requests wait until one that is under way has ended, in place of refusing them, in the order in which they have come. Left out: nobody waits."
        )
        package var queue: LimitQueueSettings?

        @Setting(
            """
            Where is counted: `memory` of this gateway, or on the `redis` server of `state.redis` that gateways share. Left out: `redis` if there \
            is one, else `memory`.
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
            After this time, what a gateway has counted in a store that others share counts no more, unless it renews it, as it does all the time \
            while it lives.
            """, .seconds(3) ... .seconds(3600))
        package var lifetime: Duration = .seconds(15)

        @Setting("Counts, and notes in the access log as `concurrencyLimitDryRun` what it would refuse, but refuses nothing and lets nobody wait.")
        package var dryRun: Bool = false

        package static var about: String { "Limits how many requests are under way at a time." }
        package init() {}
    }
}
