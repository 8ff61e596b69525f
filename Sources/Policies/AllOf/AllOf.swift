package import GatewayCore
package import Model
package import PolicyKit
package import Primitives
package import Schema

/// Lets a request pass that each of several policies lets pass: a client certificate and a token, say, of one and the same consumer.
package final class AllOf: PolicyGroup, AsyncRequestPolicy, RequestBodyPolicy, ResponsePolicy, FinishPolicy {
    package struct Config: Settings {
        @Setting(
            "Policies that authenticate, in the order in which they are asked. The first says who calls; consumers that they name must be the same.")
        package var methods: [PolicyEntry]

        package static var about: String { "Lets requests pass that all of several ways to authenticate let pass." }
        package init() {}
    }

    package static let id = "all-of"
    package static let example = """
        all-of: { methods: [api-key, basic-auth] }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let group: MethodGroup

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        group = try MethodGroup(config.$methods, .all, context, predecessor: (context.predecessor as? AllOf)?.group)
    }

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
