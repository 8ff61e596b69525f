import Expressions
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

extension RateLimitKey {
    /// Finds the bytes that stand for an exchange's requester.
    enum Compiled: Sendable {
        case ip(AddressPrefix)
        case consumer
        case route
        case expression(Expression)

        init(_ config: RateLimit.Config, _ context: PolicyContext) throws(PolicyError) {
            switch config.by {
            case .ip: self = .ip(AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix))
            case .consumer: self = .consumer
            case .route: self = .route
            case .expression(let text):
                let expression = try context.compile(text, "by")
                guard expression.constant == nil else {
                    throw PolicyError(
                        "the expression is the same for every request", at: config.$by.position, path: "by",
                        remedy: "`by: route` counts all requests of a route together")
                }
                self = .expression(expression)
            }
        }

        /// Valid until the loop's scratch or evaluator is used again. Nobody gets by without a count: those without an address, a
        /// consumer or a value share the empty key.
        func bytes(_ exchange: Exchange) -> ByteView {
            let scratch = exchange.tools.scratch
            scratch.clear()
            switch self {
            case .ip(let prefix): prefix.write(exchange.client.address, to: scratch)
            case .consumer:
                if let consumer = exchange.consumer { scratch.append(text: consumer.name) }
            case .route:
                if let route = exchange.routeInfo {
                    scratch.append(text: route.api)
                    scratch.append(byte: 0)
                    scratch.append(text: route.name)
                }
            case .expression(let expression):
                let value = exchange.evaluate(expression)
                if case .string(let text) = value { return text }
                value.write(to: scratch)
            }
            return scratch.view
        }
    }
}
