import Expressions
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
    let provides: [Fact]
    let answersPreflight: Bool

    init(
        id: String, label: String, policy: any Policy, config: any Settings, condition: Expression?, conditionText: String?, isGuard: Bool,
        provides: [Fact]
    ) {
        self.id = id
        self.label = label
        self.policy = policy
        self.config = config
        self.condition = condition
        self.conditionText = conditionText
        self.isGuard = isGuard
        self.provides = provides
        answersPreflight = policy is any PreflightPolicy
    }
}

/// A policy that answers a browser's CORS preflight. The request goes to the chain of the route that the announced method would
/// take, and passes the policies that authenticate by, because a preflight carries no credentials (Fetch, "CORS protocol").
package protocol PreflightPolicy: RequestPolicy {}
