package import Schema

/// Where gateways keep what they count together.
package struct StateSettings: Settings {
    @Setting("Gateways with the same namespace count together where they share a store. Letters, digits, `-`, `_`, `.`.")
    package var namespace: String = "sluice"

    package static var reserved: [String] { ["redis", "gossip"] }
    package init() {}
}
