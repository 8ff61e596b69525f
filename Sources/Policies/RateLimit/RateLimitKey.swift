import GatewayCore
package import Model
import PolicyKit
import Primitives
package import Schema

/// Whose requests are counted together, as it stands in a file.
package enum RateLimitKey: SettingValue {
    case ip, consumer, route
    case expression(ExpressionText)

    private static let words: [(name: String, key: RateLimitKey)] = [("ip", .ip), ("consumer", .consumer), ("route", .route)]

    package static var shape: SettingShape { .either([.choice(words.map(\.name)), ExpressionText.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RateLimitKey? {
        guard let text = ExpressionText.decode(node, in: context) else { return nil }
        return words.first { $0.name == text.text }?.key ?? .expression(text)
    }

    package var encoded: JSONValue {
        if case .expression(let text) = self { return text.encoded }
        return .string(RateLimitKey.words.first { $0.key == self }?.name ?? "")
    }
}

/// One of them, or a list that is a key together.
package struct RateLimitKeys: SettingValue {
    package let keys: [RateLimitKey]

    package init(_ keys: [RateLimitKey]) { self.keys = keys }

    package static var shape: SettingShape { .either([RateLimitKey.shape, .list(RateLimitKey.shape)]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RateLimitKeys? {
        guard case .list(let nodes) = node.content else { return RateLimitKey.decode(node, in: context).map { RateLimitKeys([$0]) } }
        guard !nodes.isEmpty else {
            context.mismatch(node, expected: "`ip`, `consumer`, `route`, an expression or a list of these")
            return nil
        }
        return [RateLimitKey].decode(node, in: context).map { RateLimitKeys($0) }
    }

    package var encoded: JSONValue { keys.count == 1 ? keys[0].encoded : keys.encoded }
}
