package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
import Reactor
import Schema

/// Lets consumers in by requests that they sign with a shared secret.
///
/// The scheme is the one that many gateways know: `Authorization: Signature keyId="…", algorithm="hmac-sha256", headers="…",
/// signature="…"` (draft-cavage-http-signatures-12, and `hmac username="…"`). For RFC 9421 there is `http-signature`.
package final class HMACSignature: Policy, AsyncRequestPolicy, RequestBodyPolicy {
    package static let id = "hmac-signature"
    package static let example = """
        hmac-signature: { headers: [host, content-type], clockSkew: 1m }
        """
    package static let reasons: [Reason] = [
        .credentialsMissing, .credentialsInvalid, .digestMismatch, .identityUnavailable, .authenticationBusy,
    ]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let rules: HMACRules
    private let digest: DigestRule
    private let mostCollected: Int?
    private let hidesCredentials: Bool
    private let challenge: Challenge
    private let secrets: SharedSecrets
    private let replays: ReplayGuard?

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard !config.algorithms.isEmpty else { throw PolicyError("no algorithm is accepted", at: config.$algorithms.position, path: "algorithms") }
        for name in config.headers where name != name.lowercased() || !name.utf8.allSatisfy({ ASCII.isToken($0) }) || name.isEmpty {
            throw PolicyError("`\(name)` is not the name of a field in lower case", at: config.$headers.position, path: "headers")
        }
        try Challenge.check(realm: config.$realm)
        var rules = HMACRules()
        rules.headers = config.headers
        rules.skew = config.clockSkew.components.seconds
        rules.algorithms = config.algorithms.map { ($0.rawValue, $0.digest) }
        self.rules = rules
        digest = config.digest
        mostCollected = config.collectBody?.bytes
        hidesCredentials = config.hideCredentials
        challenge = Challenge(
            scheme: "Signature",
            [("realm", config.realm), ("headers", (["(request-target)", "date"] + config.headers).joined(separator: " "))])
        secrets = try SharedSecrets(context, method: HMACSignature.id, lifetime: config.cache.nanoseconds)
        let skew = rules.skew, most = config.remembered
        let before = (context.predecessor as? HMACSignature)?.replays
        replays = config.once ? before?.adopt(lifetime: 2 * skew, most: most) ?? ReplayGuard(lifetime: 2 * skew, most: most) : nil
        if secrets.isEmpty {
            context.warn(
                "no consumer has a secret to sign with, so every request is refused",
                remedy: "add `credentials: [{ hmac: { keyId: …, secret: … } }]` to a consumer")
        }
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch read(exchange) {
        case .decided(let verdict): return verdict
        case .claimed(let claim): return secrets.findNow(claim.credentials.keyID, exchange).map { decide(claim, $0, exchange) }
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        switch read(exchange) {
        case .decided(let verdict): return verdict
        case .claimed(let claim): return decide(claim, await secrets.find(claim.credentials.keyID, exchange), exchange)
        }
    }

    // MARK: Deciding

    private struct Claim {
        let credentials: HMACCredentials
        let algorithm: DigestAlgorithm
        /// What the body should be; nil when that is not looked at.
        let body: BodyCheck?
    }

    private enum Reading {
        case decided(Verdict)
        case claimed(Claim)
    }

    private func read(_ exchange: Exchange) -> Reading {
        var field: ByteView?
        var count = 0
        exchange.request.fields.forEach(named: ByteView("authorization")) { value in
            field = value
            count += 1
            return true
        }
        guard let field, count > 1 || HMACCredentials.isScheme(field) else {
            return .decided(challenge.refuse(.credentialsMissing, exchange, "This needs a signature, in the Authorization field."))
        }
        guard count == 1, let credentials = HMACCredentials(field) else { return .decided(refuse(exchange, "The Authorization field is malformed.")) }
        credentials.keyID.withView { exchange.noteClaim($0) }
        guard let algorithm = rules.algorithm(of: credentials) else { return .decided(refuse(exchange, "The algorithm is not accepted.")) }
        do throws(SignatureError) {
            try rules.check(credentials, ReceivedRequest(exchange: exchange), now: Int64(exchange.unixSeconds))
            return .claimed(Claim(credentials: credentials, algorithm: algorithm, body: try bodyCheck(credentials, exchange)))
        } catch {
            return .decided(refuse(exchange, "The signature is not accepted: \(error)."))
        }
    }

    private func bodyCheck(_ credentials: HMACCredentials, _ exchange: Exchange) throws(SignatureError) -> BodyCheck? {
        guard digest != .ignored else { return nil }
        let fields = exchange.request.fields
        if credentials.headers.contains("content-digest"), let value = fields.first(ByteView("content-digest")) {
            if let found = try DigestField.parse(value) { return BodyCheck(found.algorithm, found.digest) }
        }
        if credentials.headers.contains("digest"), let value = fields.first(ByteView("digest")) {
            guard let found = OldDigestField.parse(value) else { throw SignatureError.malformed(.init("the digest is malformed")) }
            return BodyCheck(found.algorithm, found.digest)
        }
        guard digest == .required, exchange.request.framing.hasBody else { return nil }
        throw SignatureError.refused(.init("the body's digest is not signed"))
    }

    private func decide(_ claim: Claim, _ answer: SharedSecrets.Answer, _ exchange: Exchange) -> Verdict {
        let base = exchange.tools.scratch
        base.clear()
        do throws(SignatureError) {
            try HMACSigningString.write(
                claim.credentials, of: ReceivedRequest(exchange: exchange),
                version: VersionText.name(major: exchange.request.majorVersion, minor: exchange.request.minorVersion), to: base)
        } catch {
            return refuse(exchange, "The signature is not accepted: \(error).")
        }
        // For a key that nobody has, a code is computed all the same, so that it takes as long.
        let secret: [UInt8]
        let principal: Principal?
        switch answer {
        case .unavailable: return .refuse(.identityUnavailable)
        case .unknown: (secret, principal) = (HMACSignature.decoy, nil)
        case .secret(let found, let owner): (secret, principal) = (found, owner)
        }
        guard let code = try? MAC.compute(claim.algorithm, key: secret, base.view) else { return .refuse(.internalError) }
        guard MAC.equal(code, claim.credentials.signature), let principal else { return refuse(exchange, "The signature is not accepted.") }
        switch replays?.admit(code, now: Int64(exchange.unixSeconds)) {
        case .new, nil: break
        case .seen: return refuse(exchange, "The signature has been used before.")
        case .full: return .refuse(.authenticationBusy)
        }
        if let body = claim.body {
            guard exchange.request.framing.hasBody else {
                if case .refuse(let error) = body.verdict(ByteView()) { return .refuse(error) }
                return accept(principal, exchange)
            }
            exchange.memo.object = body
        }
        return accept(principal, exchange)
    }

    private static let decoy: [UInt8] = Array("nobody has this one".utf8)

    private func accept(_ principal: Principal, _ exchange: Exchange) -> Verdict {
        exchange.identify(principal)
        if hidesCredentials { exchange.request.fields.remove(.authorization) }
        return .proceed
    }

    private func refuse(_ exchange: Exchange, _ detail: String) -> Verdict { challenge.refuse(.credentialsInvalid, exchange, detail) }

    // MARK: The body

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        (exchange.memo.object as? BodyCheck)?.demand(collecting: mostCollected) ?? .none
    }

    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        (exchange.memo.object as? BodyCheck)?.verdict(body.view) ?? .proceed
    }
}
