import GatewayCore
import Schema

extension PolicyDescription {
    /// The policy's page, `docs/policies/NAME.md`.
    package var markdown: String {
        var text = "# \(id)\n\n\(about)\n\n"
        if !example.isEmpty { text += "```yaml\npolicies:\n\(PolicyDescription.listItem(example))\n```\n\n" }
        for fact in facts { text += "- \(fact.name): \(fact.text)\n" }
        text += "\n## Settings\n\n"
        let hasSettings = SettingsOutline(of: settings).sections.contains { !$0.settings.isEmpty }
        text += hasSettings ? MarkdownTables.sections(of: settings, level: 3, says: false) : "None.\n\n"
        if !reasons.isEmpty {
            text += "## Answers\n\nThe policy may answer in place of the upstream, with a problem document (RFC 9457) that says why.\n\n"
            text += "| reason | status | |\n| --- | --- | --- |\n"
            for reason in reasons { text += "| `\(reason.code)` | \(reason.status) | \(reason.entry.title) |\n" }
            text += "\n"
        }
        text += "[All policies](README.md)\n"
        return text
    }

    /// What else there is to know, each with a name.
    package var facts: [(name: String, text: String)] {
        func list(_ facts: [Fact]) -> String { facts.map { "the \($0)" }.joined(separator: ", ") }
        var facts = [(name: "acts on", text: phases.joined(separator: ", "))]
        if !needs.isEmpty { facts.append(("needs, as in the example", "\(list(needs)), which a policy before it has to find out")) }
        if !provides.isEmpty { facts.append(("finds out", list(provides))) }
        if isGuard { facts.append(("guard", "a `when` that can't be evaluated lets it run")) }
        return facts
    }

    /// An entry as an item of a list, indented.
    static func listItem(_ entry: String) -> String {
        entry.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { $1.isEmpty ? "" : ($0 == 0 ? "  - " : "    ") + $1 }.joined(separator: "\n")
    }
}

extension PolicyRegistry {
    /// The index of the pages, `docs/policies/README.md`.
    package var markdown: String {
        var text = "# Policies\n\n"
        text += "A policy is one step that acts on exchanges. Entries stand in `policies` of the file, of an API or of a route, and run in\n"
        text += "that order, each list as it is written; responses pass in reverse. What may stand beside a policy: "
        text += "[`policies[]`](../configuration.md).\n\n"
        text += "| policy | acts on | |\n| --- | --- | --- |\n"
        for policy in descriptions {
            text += "| [`\(policy.id)`](\(policy.id).md) | \(policy.phases.joined(separator: ", ")) | \(policy.about) |\n"
        }
        if !reserved.isEmpty { text += "\nNot in this version yet: \(reserved.map { "`\($0)`" }.joined(separator: ", ")).\n" }
        return text + "\nHow to write one: [guide](../guides/write-a-policy.md).\n"
    }
}
