import Expressions
package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Lets a request pass when an expression holds.
package final class Authorize: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting(
            """
            Holds for requests that may pass: an expression over `request`, `source`, `consumer`, `claims`, `params`, `route` and `api`. One that \
            can't be evaluated, because what it asks for is not there, does not hold.
            """)
        package var allow: ExpressionText

        @Setting("What the access log says of a refused request, as `authorization`. Left out: the expression itself.")
        package var reason: String?

        package static var about: String { "Lets requests pass for which an expression holds." }
        package init() {}
    }

    package static let id = "authorize"
    package static let example = """
        authorize: { allow: 'request.method == "GET" || "writers" in consumer.groups' }
        """
    package static let reasons: [Reason] = [.accessDenied]
    package static var isGuard: Bool { true }

    private let allow: Expression
    private let reason: String

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        allow = try context.compile(config.allow, "allow", expecting: .bool)
        reason = config.reason ?? "does not hold: \(config.allow.text)"
        if case .bool(let decided) = allow.constant {
            context.warn("every request is \(decided ? "allowed" : "refused")", at: config.$allow.position, path: "allow")
        }
    }

    package static func needs(_ config: Config) -> [Fact] {
        guard let allow = try? Expression(config.allow.text, in: .request, expecting: .bool) else { return [] }
        return allow.facts.sorted { $0.description < $1.description }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        exchange.test(allow) == true ? .proceed : exchange.denyAccess(reason)
    }
}
