package import GatewayCore
package import Schema

/// One step that acts on exchanges. A policy is a final class that adopts the protocols of the phases that it has work in:
/// `RequestPolicy`, `ResponsePolicy`, `RequestBodyPolicy`, `ResponseBodyPolicy`, `FinishPolicy`, or the asynchronous twins.
///
/// One object is made for each entry of a configuration, shared by all routes and event loops that it applies to, and kept over
/// reloads as long as its settings stay the same. What it remembers between exchanges it keeps in `LoopLocal`, or guards
/// with a lock; what it remembers from one phase of an exchange to the next, in `exchange.memo`.
package protocol Policy: AnyObject, Sendable {
    associatedtype Config: Settings

    /// As it stands in the configuration: `rate-limit`.
    static var id: String { get }

    /// The shortest realistic use, as YAML: one entry of `policies`. Shown wherever the policy is described.
    static var example: String { get }

    /// Why it may answer in place of the upstream.
    static var reasons: [Reason] { get }

    /// What the exchange must know before this policy can do its work with these settings.
    static func needs(_ config: Config) -> [Fact]

    /// What the exchange knows once its request has passed.
    static var provides: [Fact] { get }

    /// The same of this one, with its settings.
    var provided: [Fact] { get }

    /// Whether it protects something. A condition that can't be evaluated, say because the client left a header out, lets a
    /// guard run, and lets any other policy be passed over.
    static var isGuard: Bool { get }

    /// The policy looks consumers up (`PolicyContext.identities`), so it is made anew when those of the configuration change.
    static var usesConsumers: Bool { get }

    /// The policy goes by the plans of the configuration (`PolicyContext.plans`), so it is made anew when those change.
    static var usesPlans: Bool { get }

    /// Prepares all that can be prepared before an exchange comes.
    init(_ config: Config, _ context: PolicyContext) throws(PolicyError)

    /// The phases in which this one, with its settings, has something to do on `route`. Empty: it is left out of the chain.
    func phases(on route: RouteFacts) -> PolicyPhases
}

extension Policy {
    package static var example: String { "" }
    package static var reasons: [Reason] { [] }
    package static func needs(_ config: Config) -> [Fact] { [] }
    package static var provides: [Fact] { [] }
    package var provided: [Fact] { Self.provides }
    package static var isGuard: Bool { false }
    package static var usesConsumers: Bool { false }
    package static var usesPlans: Bool { false }
    package func phases(on route: RouteFacts) -> PolicyPhases { .all }
}

/// A set of phases; those that a policy does not adopt do not count.
package struct PolicyPhases: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let request = PolicyPhases(rawValue: 1)
    package static let response = PolicyPhases(rawValue: 2)
    package static let requestBody = PolicyPhases(rawValue: 4)
    package static let responseBody = PolicyPhases(rawValue: 8)
    package static let finish = PolicyPhases(rawValue: 16)
    package static let all: PolicyPhases = [.request, .response, .requestBody, .responseBody, .finish]
}

/// What an exchange knows, as far as policies depend on each other.
package struct Fact: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ name: String) { description = name }

    /// Who calls: `exchange.consumer`.
    package static let consumer = Fact("consumer")
    /// What a verified token says.
    package static let claims = Fact("claims")
}

/// What is known of a route when its chain is compiled.
package struct RouteFacts: Sendable {
    package let api: String
    package let route: String
    /// It forwards to an upstream, rather than answering itself.
    package let forwards: Bool

    package init(api: String, route: String, forwards: Bool) {
        self.api = api
        self.route = route
        self.forwards = forwards
    }
}
