package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
package import Schema

/// Compares bodies of requests with their `Content-Digest`, and adds one to responses (RFC 9530).
///
/// A digest finds out what went wrong on the way. Who wants to know whether somebody has changed a body needs a signature over it.
package final class ContentDigest: Policy, RequestPolicy, RequestBodyPolicy, ResponseBodyPolicy {
    package struct Config: Settings {
        @Setting(
            "`required`: a body needs a `Content-Digest`. `optional`: one that is there is compared with the body. `ignored`: nothing is looked at.")
        package var request: DigestRule = .optional

        @Setting(
            "Longest body that is collected and compared with its digest before the upstream sees any of it. Left out: it is compared as it passes; only its last byte waits for the result.",
            ByteSize.bytes(1)...ByteSize.mebibytes(1024))
        package var collectBody: ByteSize?

        @Setting(
            "`wanted`: responses get a digest when the client asks for one with `Want-Content-Digest`. `sha-256`, `sha-512`: they get this one, unless the client prefers another. `none`: they get none."
        )
        package var response: Answer = .wanted

        @Setting(
            "Longest response that is collected for its digest. One that says that it is longer goes without; one that does not say is refused with 502."
        )
        package var mostBody: ByteSize = .mebibytes(1)

        package static var about: String { "Compares bodies of requests with their Content-Digest, and adds one to responses (RFC 9530)." }
        package init() {}
    }

    package enum Answer: String, SettingChoice {
        case wanted
        case sha256 = "sha-256"
        case sha512 = "sha-512"
        case none
    }

    package static let id = "content-digest"
    package static let example = """
        content-digest: { request: required, response: sha-256 }
        """
    package static let reasons: [Reason] = [.digestMissing, .digestMalformed, .digestMismatch, .requestTooLarge, .responseTooLarge]
    package static var isGuard: Bool { true }

    private let rule: DigestRule
    private let mostCollected: Int?
    private let answer: Answer
    private let mostBody: Int

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        rule = config.request
        mostCollected = config.collectBody?.bytes
        answer = config.response
        mostBody = config.mostBody.bytes
        guard rule != .ignored || answer != .none else {
            throw PolicyError("there is nothing to compare and nothing to add", at: config.$request.position, path: "request")
        }
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        answer == .none ? [.request, .requestBody] : [.request, .requestBody, .responseBody]
    }

    /// What is kept of an exchange.
    private final class Notes {
        var body: BodyCheck?
        var wanted: DigestAlgorithm?
    }

    // MARK: The request

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let notes = Notes()
        notes.wanted = wanted(exchange)
        if notes.wanted != nil { exchange.memo.object = notes }
        guard rule != .ignored else { return .proceed }
        let isEmpty = !exchange.request.framing.hasBody
        guard let field = exchange.request.fields.joined(ByteView("content-digest")) else { return missing(isEmpty, exchange) }
        do throws(SignatureError) {
            guard let found = try DigestField.parse(field.view) else { return missing(isEmpty, exchange) }
            let body = BodyCheck(found.algorithm, found.digest)
            guard !isEmpty else { return body.verdict(ByteView()) }
            notes.body = body
            exchange.memo.object = notes
            return .proceed
        } catch {
            return .refuse(.digestMalformed)
        }
    }

    private func missing(_ isEmpty: Bool, _ exchange: Exchange) -> Verdict {
        guard rule == .required, !isEmpty else { return .proceed }
        // So that the client learns what to send (§4).
        exchange.response.fields.append(.other, name: ByteView("want-content-digest"), ByteView("sha-256=10, sha-512=9"))
        return .refuse(.digestMissing)
    }

    private func wanted(_ exchange: Exchange) -> DigestAlgorithm? {
        guard answer != .none else { return nil }
        if let field = exchange.request.fields.joined(ByteView("want-content-digest")), let preferred = DigestField.preferred(field.view) {
            return preferred
        }
        switch answer {
        case .sha256: return .sha256
        case .sha512: return .sha512
        case .wanted, .none: return nil
        }
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        (exchange.memo.object as? Notes)?.body?.demand(collecting: mostCollected) ?? .none
    }

    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        (exchange.memo.object as? Notes)?.body?.verdict(body.view) ?? .proceed
    }

    // MARK: The response

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        let response = exchange.response
        guard (exchange.memo.object as? Notes)?.wanted != nil, response.framing != .none, response.fields.first(ByteView("content-digest")) == nil
        else { return .none }
        if case .length(let count) = response.framing, count > mostBody { return .none }
        return .whole(most: mostBody)
    }

    package func onResponseBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        guard let algorithm = (exchange.memo.object as? Notes)?.wanted, let digest = try? Digest.compute(algorithm, body.view) else {
            return .proceed
        }
        exchange.response.fields.append(.other, name: ByteView("content-digest")) { DigestField.write(algorithm, digest, to: $0) }
        return .proceed
    }
}

extension Reason {
    static let digestMissing = Reason("digest_missing", 400, "The body has no digest", "http_request_error")
    static let digestMalformed = Reason("digest_malformed", 400, "The digest of the body is malformed", "http_request_error")
}
