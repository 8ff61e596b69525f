package import GatewayCore
package import PolicyKit
package import Primitives

/// A policy that is a group of methods: `any-of`, `all-of`.
package protocol GroupPolicy: PolicyGroup, AsyncRequestPolicy, RequestBodyPolicy, ResponsePolicy, FinishPolicy {
    var group: MethodGroup { get }
}

extension GroupPolicy {
    package static var reasons: [Reason] { [.credentialsMissing, .credentialsInvalid] }
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    package var members: [PolicyInstance] { group.members }
    package var provided: [Fact] { group.provided }
    package func phases(on route: RouteFacts) -> PolicyPhases { group.phases(on: route) }

    package func verdict(_ exchange: Exchange) -> Verdict? { group.verdict(exchange) }
    package func onRequest(_ exchange: Exchange) async -> Verdict { await group.onRequest(exchange) }
    package func requestBody(_ exchange: Exchange) -> BodyDemand { group.requestBody(exchange) }
    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict { group.onRequestBody(exchange, body) }
    package func onResponse(_ exchange: Exchange) -> Verdict { group.onResponse(exchange) }
    package func onFinish(_ exchange: Exchange) { group.onFinish(exchange) }
}
