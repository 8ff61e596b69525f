import Expressions
package import GatewayCore
import Reactor

/// The policies of a route, compiled: gateway, then API, then plan, then route, each in written order. A flat list for each
/// phase, without those that have nothing to do in it.
package final class PolicyChain: Sendable {
    /// Most policies of a chain: an exchange has a bit for each.
    package static let most = 64

    package let instances: [PolicyInstance]
    let requestSteps: ContiguousArray<RequestStep>
    /// In reverse.
    let responseSteps: ContiguousArray<ResponseStep>
    let finishSteps: ContiguousArray<FinishStep>
    /// There is a policy that answers CORS preflights.
    package let answersPreflights: Bool

    init(_ links: [(instance: PolicyInstance, phases: PolicyPhases)]) {
        instances = links.map(\.instance)
        var request: ContiguousArray<RequestStep> = []
        var response: ContiguousArray<ResponseStep> = []
        var finish: ContiguousArray<FinishStep> = []
        for (index, (instance, phases)) in links.enumerated() {
            let asksOfResponse = instance.condition?.asksOfResponse ?? false
            if let step = RequestStep(index, instance, phases, condition: asksOfResponse ? nil : instance.condition) { request.append(step) }
            if let step = ResponseStep(index, instance, phases, condition: asksOfResponse ? instance.condition : nil) { response.append(step) }
            if phases.contains(.finish), let policy = instance.policy as? any FinishPolicy {
                finish.append(FinishStep(index: index, instance: instance, condition: asksOfResponse ? instance.condition : nil, policy: policy))
            }
        }
        requestSteps = request
        responseSteps = ContiguousArray(response.reversed())
        finishSteps = finish
        answersPreflights = links.contains { $0.instance.answersPreflight && $0.phases.contains(.request) }
    }

    /// The exchange is over.
    package func finish(_ exchange: Exchange) {
        for step in finishSteps where step.index < exchange.chain.reached && exchange.chain.skipped & 1 << UInt64(step.index) == 0 {
            exchange.chain.step = step.index
            if let condition = step.condition, !holds(condition, step.instance, exchange) {
                exchange.trace?.record(step.instance.label, .finish, 0, .skipped)
                continue
            }
            guard let trace = exchange.trace else {
                step.policy.onFinish(exchange)
                continue
            }
            let start = exchange.loop.backend.now
            step.policy.onFinish(exchange)
            trace.record(step.instance.label, .finish, exchange.loop.backend.now - start, .passed)
        }
    }
}

extension RequestStep {
    fileprivate init?(_ index: Int, _ instance: PolicyInstance, _ phases: PolicyPhases, condition: Expression?) {
        var action = Action.none
        if phases.contains(.request) {
            if let policy = instance.policy as? any RequestPolicy { action = .now(policy) }
            if let policy = instance.policy as? any AsyncRequestPolicy { action = .later(policy) }
        }
        let body = phases.contains(.requestBody) ? instance.policy as? any RequestBodyPolicy : nil
        if case .none = action, body == nil, condition == nil { return nil }
        self.init(index: index, instance: instance, condition: condition, action: action, body: body)
    }
}

extension ResponseStep {
    fileprivate init?(_ index: Int, _ instance: PolicyInstance, _ phases: PolicyPhases, condition: Expression?) {
        var action = Action.none
        if phases.contains(.response) {
            if let policy = instance.policy as? any ResponsePolicy { action = .now(policy) }
            if let policy = instance.policy as? any AsyncResponsePolicy { action = .later(policy) }
        }
        let body = phases.contains(.responseBody) ? instance.policy as? any ResponseBodyPolicy : nil
        if case .none = action, body == nil { return nil }
        self.init(index: index, instance: instance, condition: condition, action: action, body: body)
    }
}
