package import Schema

/// One policy where it is used: exactly one policy's name with its settings, and beside it what every entry may have.
package struct PolicyEntry: SettingValue {
    /// The policy's name: `rate-limit`.
    package let policy: String
    package let config: any Settings
    package let options: PolicyOptions
    package let position: SourcePosition

    package init(policy: String, config: any Settings, options: PolicyOptions = PolicyOptions(), position: SourcePosition = .none) {
        self.policy = policy
        self.config = config
        self.options = options
        self.position = position
    }

    package static var shape: SettingShape { .catalogue(name: "policy", beside: PolicyOptions.self) }

    package static func == (a: PolicyEntry, b: PolicyEntry) -> Bool {
        a.policy == b.policy && a.options == b.options && a.config.isEqual(to: b.config)
    }

    package var encoded: JSONValue {
        guard case .object(let beside) = options.encoded else { return .null }
        return .object([.init(policy, config.encoded)] + beside)
    }

    /// The entry's own name, or the policy's.
    package var label: String { options.name ?? policy }
}

/// What stands beside a policy.
package struct PolicyOptions: Settings {
    @Setting("Runs only when this holds: an expression that is true or false.")
    package var when: ExpressionText?

    @Setting("Name in logs, metrics and messages. Left out: the policy's.")
    package var name: String?

    @Setting("`false` switches the policy off and keeps its settings.")
    package var enabled: Bool = true

    package static var about: String { "One policy with its settings, and when it runs." }
    package init() {}
}

extension PolicyEntry {
    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> PolicyEntry? {
        let catalogue = context.catalogue
        switch node.content {
        case .scalar(let name) where catalogue.settings(named: name) != nil:
            // `- basic-auth` is `- basic-auth: {}`.
            return decode([ConfigNode.Entry(key: name, position: node.position, value: ConfigNode(.map([]), at: node.position))], node, context)
        case .scalar(let name) where !node.isSecret:
            context.error(node, unknown(name, catalogue).message, remedy: unknown(name, catalogue).remedy)
            return nil
        case .map(let entries): return decode(entries, node, context)
        default:
            context.mismatch(node, expected: "a policy with its settings", remedy: "such as `headers: { response: { remove: [server] } }`")
            return nil
        }
    }

    private static let besides: Set<String> = ["when", "name", "enabled"]

    private static func decode(_ entries: [ConfigNode.Entry], _ node: ConfigNode, _ context: DecodingContext) -> PolicyEntry? {
        let beside = entries.filter { besides.contains($0.key) }
        let policies = entries.filter { !besides.contains($0.key) }
        guard let entry = policies.first else {
            context.error(node, "the entry names no policy", remedy: "such as `headers: { response: { remove: [server] } }`")
            return nil
        }
        for more in policies.dropFirst() {
            context.keyError(more, "an entry has exactly one policy, and `\(entry.key)` is one already", remedy: "begin another entry with `- `")
        }
        let options = PolicyOptions.decode(ConfigNode(.map(beside), at: node.position), in: context)
        guard let type = context.catalogue.settings(named: entry.key) else {
            let (message, remedy) = unknown(entry.key, context.catalogue)
            context.keyError(entry, message, remedy: remedy)
            return nil
        }
        // `headers:` without anything is `headers: {}`.
        let value = entry.value.isNull ? ConfigNode(.map([]), at: entry.position) : entry.value
        var config: (any Settings)?
        context.within(entry.key) { config = type.decode(value, in: context) }
        guard let config, let options, policies.count == 1 else { return nil }
        return PolicyEntry(policy: entry.key, config: config, options: options, position: entry.position)
    }

    private static func unknown(_ name: String, _ catalogue: any SettingsCatalogue) -> (message: String, remedy: String?) {
        if catalogue.reserved.contains(name) {
            return ("the policy `\(name)` is part of the configuration format, but this version does not have it yet", nil)
        }
        return (
            "there is no policy called `\(name)`",
            Suggestion.question(name, among: catalogue.names) ?? "`sluice policies` lists them"
        )
    }
}
