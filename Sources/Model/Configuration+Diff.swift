/// What differs between two configurations, by name: for the line that a reload writes.
package struct ConfigurationDiff: Equatable, Sendable {
    package struct Changes: Equatable, Sendable {
        package var added: [String] = []
        package var removed: [String] = []
        package var changed: [String] = []

        package var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    package var secrets: Changes
    package var listeners: Changes
    package var upstreams: Changes
    package var apis: Changes
    package var plans: Changes
    package var consumers: Changes
    /// Top-level groups without names that differ: `runtime`, `admin`, `guards`, `acme`, `policies`, `telemetry`, `state`, `storage`.
    package var groups: [String]

    package var isEmpty: Bool {
        secrets.isEmpty && listeners.isEmpty && upstreams.isEmpty && apis.isEmpty && plans.isEmpty && consumers.isEmpty && groups.isEmpty
    }
}

extension Configuration {
    /// What `new` has that this one has not, and the other way round. Places and order in the file do not count.
    ///
    /// - Parameter consumers: what is remembered of this one's consumers, where they have been dropped.
    package func diff(to new: Configuration, consumers: ConsumerDigest? = nil) -> ConfigurationDiff {
        var groups: [String] = []
        if runtime != new.runtime { groups.append("runtime") }
        if admin != new.admin { groups.append("admin") }
        if guards != new.guards { groups.append("guards") }
        if acme != new.acme { groups.append("acme") }
        if policies != new.policies { groups.append("policies") }
        if telemetry != new.telemetry { groups.append("telemetry") }
        if state != new.state { groups.append("state") }
        if storage != new.storage { groups.append("storage") }
        return ConfigurationDiff(
            secrets: changes(secrets, new.secrets, \.name), listeners: changes(listeners, new.listeners, \.name),
            upstreams: changes(upstreams, new.upstreams, \.name),
            apis: changes(apis, new.apis, \.name), plans: changes(plans, new.plans, \.name),
            consumers: (consumers ?? ConsumerDigest(self.consumers)).changes(to: ConsumerDigest(new.consumers)), groups: groups)
    }

    private func changes<Element: Equatable>(_ old: [Element], _ new: [Element], _ name: (Element) -> String) -> ConfigurationDiff.Changes {
        var result = ConfigurationDiff.Changes()
        var before = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        for element in new {
            switch before.removeValue(forKey: name(element)) {
            case nil: result.added.append(name(element))
            case .some(let was): if was != element { result.changed.append(name(element)) }
            }
        }
        result.removed = old.map(name).filter { before[$0] != nil }
        return result
    }
}

extension ConfigurationDiff: CustomStringConvertible {
    /// `upstreams: 1 changed (catalog); apis: 2 added (a, b)`, or `nothing`.
    package var description: String {
        var parts: [String] = []
        let lists = [
            ("secrets", secrets), ("listeners", listeners), ("upstreams", upstreams), ("apis", apis), ("plans", plans), ("consumers", consumers),
        ]
        for (list, changes) in lists where !changes.isEmpty {
            let kinds = [("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)].filter { !$0.1.isEmpty }
            parts.append("\(list): " + kinds.map { "\($1.count) \($0) (\(ConfigurationDiff.brief($1)))" }.joined(separator: ", "))
        }
        if !groups.isEmpty { parts.append("\(groups.joined(separator: ", ")) changed") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
    }

    private static func brief(_ names: [String]) -> String {
        names.count > 5 ? names.prefix(5).joined(separator: ", ") + ", …" : names.joined(separator: ", ")
    }
}
