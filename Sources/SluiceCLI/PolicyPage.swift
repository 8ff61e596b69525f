import GatewayCore
import PolicyKit
import Schema

/// Policies as text for a terminal: the same everywhere, but for colours.
struct PolicyPage {
    private let style: TextStyle
    private static let width = 100

    init(_ style: TextStyle) { self.style = style }

    /// A table: name, phases, one sentence.
    func list(_ registry: PolicyRegistry) -> String {
        let policies = registry.descriptions
        let names = policies.map(\.id.count).max() ?? 0
        let phases = policies.map { $0.phases.joined(separator: ", ") }
        let middle = phases.map(\.count).max() ?? 0
        return zip(policies, phases).map { policy, phases in
            "\(style.bold(policy.id, padded: names))  \(style.dim(phases, padded: middle))  \(policy.about)"
        }.joined(separator: "\n")
    }

    func text(_ policy: PolicyDescription) -> String {
        var lines = ["\(style.bold(policy.id)): \(policy.about)", ""]
        lines += policy.facts.map { "\($0.name): \($0.text)" }
        if !policy.example.isEmpty {
            lines += ["", style.bold("example")]
            lines += policy.example.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
        }
        lines += ["", style.bold("settings")]
        for section in SettingsOutline(of: policy.settings).sections { lines += self.lines(of: section) }
        if !policy.reasons.isEmpty {
            lines += ["", style.bold("answers")]
            lines += policy.reasons.map { "  \($0.status) \($0.code): \($0.entry.title)" }
        }
        return lines.joined(separator: "\n")
    }

    private func lines(of section: SettingsOutline.Section) -> [String] {
        var lines: [String] = []
        if !section.paths.isEmpty {
            lines += ["", "  \(style.bold(section.paths.joined(separator: ", ")))\(section.about.isEmpty ? "" : ": \(section.about)")"]
        }
        if section.settings.isEmpty { lines.append("  none") }
        for setting in section.settings {
            let fallback: String? =
                switch setting.fallback {
                case nil: nil
                case .word("required"): "required"
                case .word(let text), .value(let text): "default \(text)"
                }
            lines.append("  \(style.bold(setting.name))  \(style.dim(([setting.type] + [fallback].compactMap { $0 }).joined(separator: "; ")))")
            lines += PolicyPage.wrapped(setting.help, to: PolicyPage.width - 6).map { "      \($0)" }
        }
        return lines
    }

    /// Lines of whole words.
    static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

/// How text is set off: by colours on a terminal, not at all elsewhere.
struct TextStyle {
    let isColoured: Bool

    func bold(_ text: String, padded width: Int = 0) -> String { wrap(text, "1", width) }
    func dim(_ text: String, padded width: Int = 0) -> String { wrap(text, "2", width) }

    private func wrap(_ text: String, _ code: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, width - text.count))
        return isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m\(padding)" : text + padding
    }
}
