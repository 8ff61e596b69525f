package import Schema

/// Everything a configuration file says, checked for types and ranges; `lint` checks what spans several settings.
///
/// Every setting that the file leaves out has its default. `$setting` (the projection) says where a value stands.
package struct Configuration: Settings {
    @Setting("Event loops, and how the process ends.")
    package var runtime: RuntimeSettings = RuntimeSettings()

    @Setting("The address for health, metrics and administration.")
    package var admin: AdminSettings = AdminSettings()

    @Setting("Places that hold secrets.")
    package var secrets: [SecretSource] = []

    @Setting("Addresses that accept connections.")
    package var listeners: [Listener] = []

    @Setting("What clients may do by their address, before any route or policy is asked.")
    package var guards: GuardSettings = GuardSettings()

    @Setting("Automatic certificates (ACME, RFC 8555): who issues them, and where they are kept.")
    package var acme: ACMESettings?

    @Setting("Backend services.")
    package var upstreams: [Upstream] = []

    @Setting("Policies for every API.")
    package var policies: [PolicyEntry] = []

    @Setting("Named, versioned sets of routes.")
    package var apis: [API] = []

    @Setting("What callers are entitled to: limits, quotas and access, that consumers and credentials refer to.")
    package var plans: [Plan] = []

    @Setting("Who calls.")
    package var consumers: [ConsumerSettings] = []

    @Setting("Access log and metrics.")
    package var telemetry: Telemetry = Telemetry()

    @Setting("What gateways count and keep together. Left out: each counts for itself, in memory.")
    package var state: StateSettings = StateSettings()

    @Setting("Where records are kept.")
    package var storage: Storage = Storage()

    package static var about: String { "A gateway's configuration." }
    package init() {}
}
