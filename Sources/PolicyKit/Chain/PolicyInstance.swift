import Expressions
package import GatewayCore
import Schema

/// One entry of a configuration, made into an object.
package final class PolicyInstance: Sendable {
    package let id: String
    package let label: String
    package let policy: any Policy
    let config: any Settings
    /// Holds, or the policy does not run; nil for always.
    let condition: Expression?
    let conditionText: String?
    let isGuard: Bool
    package let provides: [Fact]
    /// Who calls is what it finds out or goes by: a preflight, which says nothing of that, passes it by.
    let concernsCaller: Bool
    let answersPreflight: Bool

    init(
        id: String, label: String, policy: any Policy, config: any Settings, condition: Expression?, conditionText: String?, isGuard: Bool,
        provides: [Fact], needs: [Fact]
    ) {
        self.id = id
        self.label = label
        self.policy = policy
        self.config = config
        self.condition = condition
        self.conditionText = conditionText
        self.isGuard = isGuard
        self.provides = provides
        concernsCaller = !provides.isEmpty || !needs.isEmpty
        answersPreflight = policy is any PreflightPolicy
    }
}

extension PolicyInstance {
    /// Whether its condition lets it act on this request. Guards run when their condition can't be evaluated: nobody passes one by
    /// leaving out what it asks for.
    package func takesPart(in exchange: Exchange) -> Bool {
        guard let condition else { return true }
        return exchange.test(condition) ?? isGuard
    }

    package var asksOfResponse: Bool { condition?.asksOfResponse ?? false }

    /// Its name, what it is if that is another, what it is made of and when it acts.
    var summary: String {
        var name = label == id ? id : "\(label) (\(id))"
        if let group = policy as? any PolicyGroup { name += " [" + group.members.map(\.summary).joined(separator: ", ") + "]" }
        return conditionText.map { "\(name) when \($0)" } ?? name
    }
}

/// A policy that answers a browser's CORS preflight. The request goes to the chain of the route that the announced method would
/// take, and passes the policies that authenticate by, because a preflight carries no credentials (Fetch, "CORS protocol").
package protocol PreflightPolicy: RequestPolicy {}
