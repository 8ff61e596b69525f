package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
import Reactor
import Schema

/// Lets consumers in by requests that are signed as AWS has them signed (Signature Version 4), so that clients of AWS's kits can call.
///
/// The access key and the secret are the `keyId` and the `secret` of a consumer's `hmac` credential.
package final class AWSSigV4: Policy, AsyncRequestPolicy, RequestBodyPolicy {
    package static let id = "aws-sigv4"
    package static let example = """
        aws-sigv4: { services: [execute-api], regions: [eu-central-1] }
        """
    package static let reasons: [Reason] = [
        .credentialsMissing, .credentialsInvalid, .digestMismatch, .identityUnavailable, .requestTooLarge,
    ]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let rules: SigV4Rules
    private let isS3: Bool
    private let decodesChunks: Bool
    private let mostBody: Int
    private let hidesCredentials: Bool
    private let secrets: SharedSecrets
    private let challenge = Challenge(scheme: "AWS4-HMAC-SHA256")
    private let keys: LoopLocal<SigV4Keys>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        var rules = SigV4Rules()
        rules.services = config.services
        rules.regions = config.regions
        rules.skew = config.clockSkew.components.seconds
        rules.allowsPresigned = config.presigned
        rules.mostExpires = config.mostExpires.components.seconds
        rules.allowsUnsignedPayload = config.unsignedPayload
        self.rules = rules
        isS3 = config.s3
        decodesChunks = config.decodeChunks
        mostBody = config.mostBody.bytes
        hidesCredentials = config.hideCredentials
        secrets = try SharedSecrets(context, method: AWSSigV4.id, lifetime: config.cache.nanoseconds)
        keys = LoopLocal(loops: context.loops) { SigV4Keys() }
        if secrets.isEmpty {
            context.warn(
                "no consumer has an access key, so every request is refused",
                remedy: "add `credentials: [{ hmac: { keyId: …, secret: … } }]` to a consumer: the access key and its secret")
        }
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch read(exchange) {
        case .decided(let verdict): return verdict
        case .claimed(let signature): return secrets.findNow(signature.accessKey, exchange).map { decide(signature, $0, exchange) }
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        switch read(exchange) {
        case .decided(let verdict): return verdict
        case .claimed(let signature): return decide(signature, await secrets.find(signature.accessKey, exchange), exchange)
        }
    }

    // MARK: Deciding

    private enum Reading {
        case decided(Verdict)
        case claimed(SigV4Signature)
    }

    /// What is known of the body's owner when the signature could not be checked before the body had come.
    private final class Pending {
        let signature: SigV4Signature
        let key: SigV4Key
        /// Nil: of nobody, which takes as long to find out.
        let principal: Principal?

        init(_ signature: SigV4Signature, _ key: SigV4Key, _ principal: Principal?) {
            self.signature = signature
            self.key = key
            self.principal = principal
        }
    }

    private func read(_ exchange: Exchange) -> Reading {
        do throws(SignatureError) {
            let signature = try SigV4Signature.find(in: ReceivedRequest(exchange: exchange))
            signature.accessKey.withView { exchange.noteClaim($0) }
            // Whoever reads a presigned URL in a log could use it.
            if signature.isPresigned { exchange.hidesQuery = true }
            try rules.check(signature, now: Int64(exchange.unixSeconds))
            return .claimed(signature)
        } catch .missing {
            return .decided(challenge.refuse(.credentialsMissing, exchange, "This needs a signature of AWS Signature Version 4."))
        } catch {
            return .decided(refuse(exchange, error))
        }
    }

    private func decide(_ signature: SigV4Signature, _ answer: SharedSecrets.Answer, _ exchange: Exchange) -> Verdict {
        // For a key that nobody has, all is computed the same, so that it takes as long.
        let secret: [UInt8]
        let principal: Principal?
        switch answer {
        case .unavailable: return .refuse(.identityUnavailable)
        case .unknown: (secret, principal) = (AWSSigV4.decoy, nil)
        case .secret(let found, let owner): (secret, principal) = (found, owner)
        }
        guard let key = keys[exchange].key(secret, signature.scope) else { return .refuse(.internalError) }
        if isUnstated(signature), exchange.request.framing.hasBody {
            exchange.memo.object = Pending(signature, key, principal)
            return .proceed
        }
        return check(signature, payload(of: signature), key, principal, exchange)
    }

    private static let decoy: [UInt8] = Array("nobody has this one".utf8)

    private func isUnstated(_ signature: SigV4Signature) -> Bool { signature.payload == .unstated && !(isS3 && signature.isPresigned) }

    private func payload(of signature: SigV4Signature) -> SigV4Payload {
        guard signature.payload == .unstated else { return signature.payload }
        return isUnstated(signature) ? .empty : .unsigned
    }

    private func check(
        _ signature: SigV4Signature, _ payload: SigV4Payload, _ key: SigV4Key, _ principal: Principal?, _ exchange: Exchange
    ) -> Verdict {
        let fields = exchange.request.fields
        do throws(SignatureError) {
            if payload == .unsigned, !rules.allowsUnsignedPayload { throw SignatureError.refused(.init("the body is not signed")) }
            try signature.verify(ReceivedRequest(exchange: exchange), payload: payload, key: key, path: isS3 ? .asItIs : .normalized) { note in
                for i in 0..<fields.count where !fields.isRemoved(at: i) { note(fields.name(at: i)) }
            }
            guard let principal else { throw SignatureError.invalid }
            return accept(signature, key, principal, exchange)
        } catch .failed {
            return .refuse(.internalError)
        } catch {
            return refuse(exchange, error)
        }
    }

    private func accept(_ signature: SigV4Signature, _ key: SigV4Key, _ principal: Principal, _ exchange: Exchange) -> Verdict {
        exchange.identify(principal)
        let isEmpty = !exchange.request.framing.hasBody
        exchange.memo.object = nil
        switch signature.payload {
        case .digest(let digest):
            let body = BodyCheck(.sha256, digest)
            if isEmpty, case .refuse(let error) = body.verdict(ByteView()) { return .refuse(error) }
            exchange.memo.object = isEmpty ? nil : body
        case .signedChunks(let hasTrailers):
            guard let stage = SigV4ChunkStage(signature, key, hasTrailers: hasTrailers, decodes: decodesChunks, exchange) else {
                return .refuse(.internalError)
            }
            exchange.memo.object = stage
        case .unsignedChunks:
            guard decodesChunks, let stage = SigV4ChunkStage(nil, key, hasTrailers: true, decodes: true, exchange) else { break }
            exchange.memo.object = stage
        case .unsigned, .unstated: break
        }
        if hidesCredentials { hide(signature, exchange.request) }
        return .proceed
    }

    private func hide(_ signature: SigV4Signature, _ request: RequestHead) {
        if signature.isPresigned { return SigV4Query.remove(from: request) }
        request.fields.remove(.authorization)
        request.fields.remove(named: ByteView("x-amz-security-token"))
    }

    private func refuse(_ exchange: Exchange, _ error: SignatureError) -> Verdict {
        challenge.refuse(.credentialsInvalid, exchange, "The signature is not accepted: \(error).")
    }

    // MARK: The body

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        switch exchange.memo.object {
        case is Pending: .whole(most: mostBody)
        case let body as BodyCheck: body.demand(collecting: nil)
        case let stage as SigV4ChunkStage: .stream(stage)
        default: .none
        }
    }

    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        guard let pending = exchange.memo.object as? Pending else { return .proceed }
        guard let digest = try? Digest.compute(.sha256, body.view) else { return .refuse(.internalError) }
        return check(pending.signature, .digest(digest), pending.key, pending.principal, exchange)
    }
}
