package import Expressions
package import GatewayCore
package import Identity
package import Model
package import Schema
package import SharedState

/// What a policy is given when it is made.
package struct PolicyContext: Sendable {
    /// The entry's own name, or the policy's.
    package let label: String
    /// Where the entry stands, the same on every gateway with this configuration: `route/orders/list/rate-limit`. What is counted
    /// together is counted by this name.
    package let place: String
    /// Event loops that will call the policy; what `LoopLocal` needs.
    package let loops: Int
    /// The consumers and their credentials: for policies that say so by `usesConsumers`; for others there are none.
    package let identities: IdentityDirectory
    /// The policy that stood at this place with other settings, so that what it has gathered can be taken over. Exchanges that
    /// began before the reload still pass it, so only what can be shared may be.
    package let predecessor: (any Policy)?
    /// Asks services that are no upstreams.
    package let callouts: any CalloutClient
    /// Where policies count.
    package let stores: SharedStores
    /// What operators should hear of.
    package let events: any EventSink
    /// What callers are entitled to: for policies that say so by `usesPlans`; for others there are none.
    package let plans: [Plan]
    let warnings: PolicyWarnings
    /// Where policies within policies are found.
    let registry: PolicyRegistry

    package init(
        label: String, place: String? = nil, loops: Int, identities: IdentityDirectory = .empty, predecessor: (any Policy)? = nil,
        callouts: any CalloutClient = NoCallouts(), stores: SharedStores = SharedStores(), events: any EventSink = NoEvents(),
        plans: [Plan] = [], warnings: PolicyWarnings = PolicyWarnings(), registry: PolicyRegistry = .empty
    ) {
        self.label = label
        self.place = place ?? label
        self.loops = loops
        self.identities = identities
        self.predecessor = predecessor
        self.callouts = callouts
        self.stores = stores
        self.events = events
        self.plans = plans
        self.warnings = warnings
        self.registry = registry
    }

    /// Tells the operator of something that works and should not stay as it is.
    package func warn(_ message: String, at position: SourcePosition = .none, path: String = "", remedy: String? = nil) {
        warnings.append(PolicyError.Flaw(message, at: position, path: path, remedy: remedy))
    }

    /// Compiles an expression of the settings.
    ///
    /// - Parameters:
    ///   - path: the setting, for messages.
    ///   - type: what it must give; nil for any type.
    ///   - isResponseKnown: the expression is evaluated when there is a response.
    package func compile(
        _ text: ExpressionText, _ path: String, expecting type: ExpressionType? = nil, isResponseKnown: Bool = false
    ) throws(PolicyError) -> Expression {
        do throws(ExpressionError) {
            return try Expression(text.text, in: isResponseKnown ? .response : .request, expecting: type)
        } catch {
            throw PolicyError(
                error.all.map { flaw in
                    PolicyError.Flaw(
                        position: text.place.position(of: flaw.offset, in: text.text), path: path, message: flaw.message, remedy: flaw.remedy)
                })
        }
    }

    /// Compiles a template of the settings.
    package func compile(_ text: TemplateText, _ path: String, isResponseKnown: Bool = false) throws(PolicyError) -> PolicyTemplate {
        try PolicyTemplate(text, path: path, environment: isResponseKnown ? .response : .request)
    }
}
