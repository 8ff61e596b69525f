import Schema

/// What a value must be.
indirect enum Matcher: SettingValue {
    /// The only line of this name, or the whole body.
    case equals(String)
    case lines([String])
    case absent
    case present
    case contains(String)
    case regex(String)
    /// The text is JSON, and what stands here is part of it.
    case json(RawNode)

    static var shape: SettingShape { .text(name: "expected value", pattern: nil, examples: ["absent", "{ regex: \"^a\" }"]) }
    var encoded: JSONValue { .string("\(self)") }

    /// `absent` and `present` in quotes are those words themselves.
    static func decode(_ node: ConfigNode, in context: DecodingContext) -> Matcher? {
        switch node.content {
        case .scalar("absent") where node.style == .plain: return .absent
        case .scalar("present") where node.style == .plain: return .present
        case .scalar(let text): return .equals(text)
        case .list: return [String].decode(node, in: context).map { .lines($0) }
        case .map(let entries):
            if entries.count == 1, entries[0].key == "json" { return .json(RawNode(node: entries[0].value)) }
            if let special = special(entries, context) { return special }
            context.mismatch(node, expected: "text, a list, `absent`, `present` or one of `{ contains: … }`, `{ regex: … }`, `{ json: … }`")
            return nil
        case .null:
            context.mismatch(node, expected: "a value", remedy: "`absent` says that there is none")
            return nil
        }
    }

    /// `{ contains: … }` and `{ regex: … }`.
    static func special(_ entries: [ConfigNode.Entry], _ context: DecodingContext? = nil) -> Matcher? {
        guard entries.count == 1, let text = entries[0].value.text else { return nil }
        switch entries[0].key {
        case "contains": return .contains(text)
        case "regex":
            if (try? Regex(text)) == nil { context?.error(entries[0].value, "not a regular expression") }
            return .regex(text)
        default: return nil
        }
    }

    /// Why these lines are not what they must be; nil if they are.
    func problem(with lines: [String]) -> String? {
        let got = lines.isEmpty ? "nothing" : lines.map { "`\($0)`" }.joined(separator: ", ")
        switch self {
        case .equals(let text): return lines == [text] ? nil : "expected `\(text)`, got \(got)"
        case .lines(let wanted):
            return lines == wanted ? nil : "expected \(wanted.map { "`\($0)`" }.joined(separator: ", ")), got \(got)"
        case .absent: return lines.isEmpty ? nil : "expected nothing, got \(got)"
        case .present: return lines.isEmpty ? "expected something, got nothing" : nil
        case .contains(let text):
            return lines.contains { $0.contains(text) } ? nil : "expected something with `\(text)` in it, got \(got)"
        case .regex(let pattern):
            guard let regex = try? Regex(pattern) else { return "`\(pattern)` is no regular expression" }
            return lines.contains { $0.contains(regex) } ? nil : "expected something that `\(pattern)` matches, got \(got)"
        case .json(let wanted):
            guard let text = lines.first, lines.count == 1, let value = ConfigNode(json: text) else { return "expected JSON, got \(got)" }
            return wanted.node.problem(with: value, at: "")
        }
    }
}
