package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
import Reactor
import Schema

/// Checks signatures of requests, and makes signatures of requests to upstreams and of responses (RFC 9421).
package final class HTTPSignature: Policy, AsyncRequestPolicy, RequestBodyPolicy, ResponsePolicy, ResponseBodyPolicy {
    package static let id = "http-signature"
    package static let example = """
        http-signature:
          components: ["@method", "@authority", "@path", "@query", content-type]
          maxAge: 1m
        """
    package static let reasons: [Reason] = [
        .credentialsMissing, .credentialsInvalid, .digestMismatch, .identityUnavailable, .authenticationBusy, .requestTooLarge, .responseTooLarge,
    ]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    let verifier: MessageVerifier?
    private let requests: MessageMaker?
    private let responses: MessageMaker?

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        verifier = config.verify ? try MessageVerifier(config, context) : nil
        requests = try config.sign.request.map { (maker) throws(PolicyError) in try MessageMaker(maker, "sign.request", isResponse: false) }
        responses = try config.sign.response.map { (maker) throws(PolicyError) in try MessageMaker(maker, "sign.response", isResponse: true) }
        guard config.verify || requests != nil || responses != nil else {
            throw PolicyError("there is nothing to check and nothing to sign", remedy: "leave `verify: false` out, or say how to `sign`")
        }
    }

    /// Who only signs finds nothing out.
    package var provided: [Fact] { verifier == nil ? [] : HTTPSignature.provides }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = [.request, .requestBody]
        if responses != nil { phases.formUnion([.response, .responseBody]) }
        return phases
    }

    /// What is kept of an exchange.
    private final class Notes {
        var body: BodyCheck?
        /// Signs the request once its body has been collected.
        var seal: MessageSeal?
        var asked: [RememberedField] = []
    }

    private func notes(_ exchange: Exchange) -> Notes? { exchange.memo.object as? Notes }

    // MARK: The request

    package func verdict(_ exchange: Exchange) -> Verdict? {
        guard let verifier else { return prepare(exchange, .accepted(nil)) }
        return verifier.decide(exchange).map { prepare(exchange, $0) }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        guard let verifier else { return prepare(exchange, .accepted(nil)) }
        return prepare(exchange, await verifier.find(exchange))
    }

    private func prepare(_ exchange: Exchange, _ decision: MessageVerifier.Decision) -> Verdict {
        let body: BodyCheck?
        switch decision {
        case .refused(let verdict): return verdict
        case .accepted(let found): body = found
        }
        let isEmpty = !exchange.request.framing.hasBody
        if isEmpty, let body, case .refuse(let error) = body.verdict(ByteView()) { return .refuse(error) }
        guard (body != nil && !isEmpty) || requests != nil || responses != nil else { return .proceed }
        let notes = Notes()
        if !isEmpty { notes.body = body }
        if let responses { notes.asked = responses.remember(exchange) }
        exchange.memo.object = notes
        if let requests {
            let seal = MessageSeal(requests)
            if requests.wantsBody(of: exchange.request.fields, isEmpty: isEmpty) { notes.seal = seal } else { exchange.seals.append(seal) }
        }
        return .proceed
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard let notes = notes(exchange) else { return .none }
        if notes.seal != nil, let requests { return .whole(most: min(requests.mostBody, verifier?.mostCollected ?? .max)) }
        return notes.body?.demand(collecting: verifier?.mostCollected) ?? .none
    }

    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        guard let notes = notes(exchange) else { return .proceed }
        if let check = notes.body, case .refuse(let error) = check.verdict(body.view) { return .refuse(error) }
        guard let seal = notes.seal, let requests else { return .proceed }
        guard requests.addDigest(of: body.view, to: exchange.request.fields) else { return .refuse(.internalError) }
        exchange.seals.append(seal)
        return .proceed
    }

    // MARK: The response

    package func onResponse(_ exchange: Exchange) -> Verdict {
        guard let responses, !responses.wantsBody(of: exchange.response.fields, isEmpty: exchange.response.framing == .none) else { return .proceed }
        responses.sign(exchange, asked: notes(exchange)?.asked ?? [])
        return .proceed
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        guard let responses, responses.wantsBody(of: exchange.response.fields, isEmpty: exchange.response.framing == .none) else { return .none }
        return .whole(most: responses.mostBody)
    }

    package func onResponseBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        guard let responses, responses.addDigest(of: body.view, to: exchange.response.fields) else { return .proceed }
        responses.sign(exchange, asked: notes(exchange)?.asked ?? [])
        return .proceed
    }
}
