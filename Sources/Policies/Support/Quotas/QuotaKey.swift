import Expressions
import GatewayCore
package import Model
import PolicyKit
import Primitives
package import Schema

/// Whose calls a quota counts together, as it stands in a file.
package enum QuotaKey: SettingValue {
    case consumer, application, credential, organisation, plan, ip, route
    case expression(ExpressionText)

    private static let words: [(name: String, key: QuotaKey)] = [
        ("consumer", .consumer), ("application", .application), ("credential", .credential), ("organisation", .organisation), ("plan", .plan),
        ("ip", .ip), ("route", .route),
    ]

    package static var shape: SettingShape { .either([.choice(words.map(\.name)), ExpressionText.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> QuotaKey? {
        guard let text = ExpressionText.decode(node, in: context) else { return nil }
        return words.first { $0.name == text.text }?.key ?? .expression(text)
    }

    package var encoded: JSONValue {
        if case .expression(let text) = self { return text.encoded }
        return .string(QuotaKey.words.first { $0.key == self }?.name ?? "")
    }

    /// Who calls must be known.
    var needsConsumer: Bool {
        switch self {
        case .consumer, .application, .credential, .organisation, .plan: true
        case .ip, .route, .expression: false
        }
    }
}

extension QuotaKey {
    /// Finds the text that stands for whoever is counted. What nobody has is the empty text, which all of those share.
    enum Compiled: Sendable {
        case caller(QuotaKey)
        case ip(AddressPrefix)
        case route
        case expression(Expression)

        /// - Parameter position: of the setting `by`.
        init(_ key: QuotaKey, at position: SourcePosition, _ context: PolicyContext) throws(PolicyError) {
            switch key {
            case .ip: self = .ip(AddressPrefix(v4: 32, v6: 64))
            case .route: self = .route
            case .expression(let text):
                let expression = try context.compile(text, "by")
                guard expression.constant == nil else {
                    throw PolicyError(
                        "the expression is the same for every request", at: position, path: "by",
                        remedy: "`by: route` counts all requests of a route together")
                }
                self = .expression(expression)
            case .consumer, .application, .credential, .organisation, .plan: self = .caller(key)
            }
        }

        init(_ key: PlanKey) {
            switch key {
            case .consumer: self = .caller(.consumer)
            case .application: self = .caller(.application)
            case .credential: self = .caller(.credential)
            }
        }

        /// Uses the loop's scratch.
        func append(_ exchange: Exchange, to out: inout [UInt8]) {
            switch self {
            case .caller(let key): QuotaKey.append(key, exchange, to: &out)
            case .ip(let prefix):
                let scratch = exchange.tools.scratch
                scratch.clear()
                prefix.writeText(exchange.client.address, to: scratch)
                QuotaKey.append(scratch.view, to: &out)
            case .route:
                guard let route = exchange.routeInfo else { return }
                out.append(contentsOf: route.api.utf8)
                out.append(UInt8(ascii: "/"))
                out.append(contentsOf: route.name.utf8)
            case .expression(let expression):
                let value = exchange.evaluate(expression)
                if case .string(let text) = value { return QuotaKey.append(text, to: &out) }
                let scratch = exchange.tools.scratch
                scratch.clear()
                value.write(to: scratch)
                QuotaKey.append(scratch.view, to: &out)
            }
        }
    }

    private static func append(_ bytes: ByteView, to out: inout [UInt8]) {
        unsafe out.append(contentsOf: bytes.buffer)
    }

    private static func append(_ key: QuotaKey, _ exchange: Exchange, to out: inout [UInt8]) {
        guard let consumer = exchange.consumer else { return }
        switch key {
        case .plan:
            for (i, plan) in consumer.plans.enumerated() {
                if i > 0 { out.append(UInt8(ascii: "+")) }
                out.append(contentsOf: plan.utf8)
            }
        case .organisation: out.append(contentsOf: (consumer.attributes.first { $0.name == "organisation" }?.value ?? consumer.name).utf8)
        case .application:
            out.append(contentsOf: consumer.name.utf8)
            guard let application = consumer.application else { return }
            out.append(UInt8(ascii: "/"))
            out.append(contentsOf: application.utf8)
        case .credential:
            out.append(contentsOf: consumer.name.utf8)
            guard let principal = exchange.principal else { return }
            out.append(UInt8(ascii: "/"))
            out.append(contentsOf: principal.method.utf8)
            out.append(UInt8(ascii: ":"))
            out.append(contentsOf: principal.subject.utf8)
        case .consumer, .ip, .route, .expression: out.append(contentsOf: consumer.name.utf8)
        }
    }
}
