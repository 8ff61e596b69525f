package import Schema

/// Where gateways keep what they count together.
package struct StateSettings: Settings {
    @Setting("Gateways with the same namespace count together where they share a store. Letters, digits, `-`, `_`, `.`.")
    package var namespace: String = "sluice"

    @Setting(
        "A server that speaks Redis' protocol (Redis, Valkey, KeyDB), where gateways count together. Left out: each counts for itself, in memory.")
    package var redis: RedisLocation?

    @Setting("Gateways find each other over UDP, for limits with the store `local-sync` and for challenges of ACME. Left out: they do not.")
    package var gossip: GossipSettings?

    package init() {}
}
