import GatewayCore
package import Model
import PolicyKit
import Primitives
package import Schema

/// Whose requests are counted together, as it stands in a file.
package enum RequestKey: SettingValue {
    case ip, consumer, route, upstream, connection
    case expression(ExpressionText)

    private static let words: [(name: String, key: RequestKey)] = [
        ("ip", .ip), ("consumer", .consumer), ("route", .route), ("upstream", .upstream), ("connection", .connection),
    ]

    package static var shape: SettingShape { .either([.choice(words.map(\.name)), ExpressionText.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RequestKey? {
        guard let text = ExpressionText.decode(node, in: context) else { return nil }
        return words.first { $0.name == text.text }?.key ?? .expression(text)
    }

    package var encoded: JSONValue {
        if case .expression(let text) = self { return text.encoded }
        return .string(RequestKey.words.first { $0.key == self }?.name ?? "")
    }
}

/// One of them, or a list that is a key together.
package struct RequestKeys: SettingValue {
    package let keys: [RequestKey]

    package init(_ keys: [RequestKey]) { self.keys = keys }

    package static var shape: SettingShape { .either([RequestKey.shape, .list(RequestKey.shape)]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RequestKeys? {
        guard case .list(let nodes) = node.content else { return RequestKey.decode(node, in: context).map { RequestKeys([$0]) } }
        guard !nodes.isEmpty else {
            context.mismatch(node, expected: "`ip`, `consumer`, `route`, `upstream`, `connection`, an expression or a list of these")
            return nil
        }
        return [RequestKey].decode(node, in: context).map { RequestKeys($0) }
    }

    package var encoded: JSONValue { keys.count == 1 ? keys[0].encoded : keys.encoded }
}
