package import GatewayCore
package import Model
package import PolicyKit
package import Primitives
package import Schema

/// Lets a request pass that one of several policies lets pass: an API key or a token, say. Who calls is what that one says.
package final class AnyOf: PolicyGroup, AsyncRequestPolicy, RequestBodyPolicy, ResponsePolicy, FinishPolicy {
    package struct Config: Settings {
        @Setting("Policies that authenticate, in the order in which they are tried. `anonymous` as the last lets in who brings no credentials.")
        package var methods: [PolicyEntry]

        package static var about: String { "Lets requests pass that one of several ways to authenticate lets pass." }
        package init() {}
    }

    package static let id = "any-of"
    package static let example = """
        any-of: { methods: [api-key, basic-auth] }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let group: MethodGroup

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        group = try MethodGroup(config.$methods, .any, context, predecessor: (context.predecessor as? AnyOf)?.group)
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
