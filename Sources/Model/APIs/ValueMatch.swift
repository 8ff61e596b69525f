package import Schema

/// What a header or query parameter must be.
package enum ValueMatch: Hashable, Sendable, SettingValue {
    case exact(String)
    case prefix(String)
    /// A linear-time regular expression that must match somewhere in the value.
    case regex(String)
    case present(Bool)

    package static var shape: SettingShape { .either([String.shape, ValueMatchSettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> ValueMatch? {
        if let text = node.text { return .exact(text) }
        guard node.isMap else {
            context.mismatch(node, expected: "text, or one of `exact`, `prefix`, `regex`, `present` such as `{ prefix: v2 }`")
            return nil
        }
        guard let settings = ValueMatchSettings.decode(node, in: context) else { return nil }
        var found: [ValueMatch] = []
        if let text = settings.exact { found.append(.exact(text)) }
        if let text = settings.prefix { found.append(.prefix(text)) }
        if let text = settings.regex { found.append(.regex(text)) }
        if let flag = settings.present { found.append(.present(flag)) }
        if found.count == 1 { return found[0] }
        context.error(node, "exactly one of `exact`, `prefix`, `regex`, `present` is needed, found \(found.count)")
        return nil
    }

    package var encoded: JSONValue {
        switch self {
        case .exact(let text): .string(text)
        case .prefix(let text): ["prefix": .string(text)]
        case .regex(let text): ["regex": .string(text)]
        case .present(let flag): ["present": .boolean(flag)]
        }
    }
}

package struct ValueMatchSettings: Settings {
    @Setting("The whole value.")
    package var exact: String?

    @Setting("How the value starts.")
    package var prefix: String?

    @Setting("Regular expression that matches somewhere in the value; anchor it with `^` and `$` for the whole.")
    package var regex: String?

    @Setting("Whether it is there at all, with any value.")
    package var present: Bool?

    package init() {}
}
