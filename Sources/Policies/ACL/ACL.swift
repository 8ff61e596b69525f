package import GatewayCore
import Model
package import PolicyKit
import Primitives
package import Schema

/// Lets some consumers pass and refuses others, by their names and groups.
package final class ACL: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Who may pass; nobody else does. Left out: everybody who is not denied.")
        package var allow: ACLSubjects?

        @Setting("Who may not pass, whatever `allow` says.")
        package var deny: ACLSubjects?

        package static var about: String { "Lets consumers pass by their names and groups, or refuses them." }
        package init() {}
    }

    package static let id = "acl"
    package static let example = """
        acl: { allow: { groups: [partners] } }
        """
    package static let reasons: [Reason] = [.accessDenied]
    package static var isGuard: Bool { true }
    package static func needs(_ config: Config) -> [Fact] { [.consumer] }
    package static var usesConsumers: Bool { true }

    private let allowed: ACLSet?
    private let denied: ACLSet?
    // Who is refused learns neither that there is a list nor who is on it.
    private let refusal = GatewayError(.accessDenied, "")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard config.allow != nil || config.deny != nil else {
            throw PolicyError("there is neither `allow` nor `deny`: nobody would be refused", remedy: "such as `allow: { groups: [partners] }`")
        }
        allowed = try config.allow.map { (list) throws(PolicyError) in try ACLSet(list, "allow", context) }
        denied = try config.deny.map { (list) throws(PolicyError) in try ACLSet(list, "deny", context) }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        guard let consumer = exchange.consumer else { return refuse(exchange, "nobody") }
        if let denied, let entry = denied.match(consumer) { return refuse(exchange, entry) }
        if let allowed, allowed.match(consumer) == nil { return refuse(exchange, "not allowed") }
        return .proceed
    }

    /// Why, for the log alone.
    private func refuse(_ exchange: Exchange, _ why: String) -> Verdict {
        why.withView { exchange.log(.text, ByteView("acl"), $0) }
        return .refuse(refusal)
    }
}

package struct ACLSubjects: Settings {
    @Setting("Names of consumers.")
    package var consumers: [String] = []

    @Setting("Names of groups: whoever belongs to one of them.")
    package var groups: [String] = []

    package var origin = Origin()
    package init() {}
}
