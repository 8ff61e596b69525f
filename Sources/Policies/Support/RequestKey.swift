import Expressions
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

extension RequestKey {
    /// Finds the bytes that stand for an exchange's requester.
    enum Compiled: Sendable {
        case ip(AddressPrefix)
        case consumer
        case route
        case upstream
        case connection
        case expression(Expression)

        /// - Parameter position: of the setting `by`.
        init(_ key: RequestKey, _ prefix: AddressPrefix, at position: SourcePosition, _ context: PolicyContext) throws(PolicyError) {
            switch key {
            case .ip: self = .ip(prefix)
            case .consumer: self = .consumer
            case .route: self = .route
            case .upstream: self = .upstream
            case .connection: self = .connection
            case .expression(let text):
                let expression = try context.compile(text, "by")
                guard expression.constant == nil else {
                    throw PolicyError(
                        "the expression is the same for every request", at: position, path: "by",
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
            case .route: if let route = exchange.routeInfo { RequestKey.write(route, to: scratch) }
            case .upstream:
                guard let route = exchange.routeInfo else { break }
                // Where each request decides, the route stands for all that it may go to.
                if route.upstream.isEmpty { RequestKey.write(route, to: scratch) } else { scratch.append(text: route.upstream) }
            case .connection:
                AddressPrefix.whole.write(exchange.client.peer, to: scratch)
                scratch.append(byte: UInt8(truncatingIfNeeded: exchange.client.port >> 8))
                scratch.append(byte: UInt8(truncatingIfNeeded: exchange.client.port))
                if let listener = exchange.listener { scratch.append(decimal: listener.index) }
            case .expression(let expression):
                let value = exchange.evaluate(expression)
                if case .string(let text) = value { return text }
                value.write(to: scratch)
            }
            return scratch.view
        }
    }

    private static func write(_ route: RouteInfo, to out: ByteBuffer) {
        out.append(text: route.api)
        out.append(byte: 0)
        out.append(text: route.name)
    }
}
