package import Schema

/// The policies that this program has.
package struct PolicyRegistry: SettingsCatalogue {
    private let policies: [String: any Policy.Type]
    package let names: [String]
    /// Policies of the configuration format that come in later versions.
    package let reserved: [String]
    /// What carries out plans. Nobody writes it into a list: it has its place in every chain that finds out who calls.
    let ofPlans: (any Policy.Type)?

    package init(_ policies: [any Policy.Type], reserved: [String] = [], ofPlans: (any Policy.Type)? = nil) {
        self.policies = Dictionary(policies.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        names = policies.map { $0.id }
        self.reserved = reserved
        self.ofPlans = ofPlans
    }

    /// With more policies, behind those that there are.
    package func adding(_ more: [any Policy.Type]) -> PolicyRegistry {
        PolicyRegistry(names.compactMap { policies[$0] } + more, reserved: reserved, ofPlans: ofPlans)
    }

    /// No policies at all.
    package static let empty = PolicyRegistry([])

    package subscript(id: String) -> (any Policy.Type)? { policies[id] }

    package func settings(named name: String) -> (any Settings.Type)? {
        func config<P: Policy>(_ type: P.Type) -> any Settings.Type { P.Config.self }
        return policies[name].map { config($0) }
    }
}

extension Policy {
    /// Makes the policy from settings whose type only the registry knows.
    static func make(_ config: any Settings, _ context: PolicyContext) throws(PolicyError) -> any Policy {
        guard let config = config as? Config else { throw PolicyError("the settings are not those of \(id)") }
        return try Self(config, context)
    }

    /// Settings of which none is given.
    static var unsetConfig: any Settings { Config() }

    static func needs(of config: any Settings) -> [Fact] { (config as? Config).map { needs($0) } ?? [] }
}
