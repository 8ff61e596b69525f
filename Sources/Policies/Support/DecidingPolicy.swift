package import GatewayCore
package import PolicyKit
package import Primitives

/// A policy that asks a service whether a request may pass: at once, or with the request's body when that is there.
package protocol DecidingPolicy: AsyncRequestPolicy, AsyncRequestBodyPolicy {
    /// Most bytes of a body that the service is shown; nil: it decides without.
    var mostBody: Int? { get }

    /// What is known without asking.
    func remembered(_ exchange: Exchange) -> Verdict?

    func ask(_ exchange: Exchange, body: [UInt8]?) async -> Verdict
}

extension DecidingPolicy {
    package func verdict(_ exchange: Exchange) -> Verdict? {
        // With a body it is decided when that is there, which the chain waits for.
        waitsForBody(exchange) ? .proceed : remembered(exchange)
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict { await ask(exchange, body: nil) }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard let mostBody, waitsForBody(exchange) else { return .none }
        return .whole(most: mostBody)
    }

    package func onWholeRequestBody(_ exchange: Exchange, _ body: ByteBuffer) async -> Verdict { await ask(exchange, body: body.view.array) }

    private func waitsForBody(_ exchange: Exchange) -> Bool { mostBody != nil && exchange.request.framing.hasBody }
}
