import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
package import Schema

/// Whether tokens have to belong to whoever sends them.
package enum SenderConstraintMode: String, SettingChoice {
    case none
    case whenBound = "when-bound"
    case certificate, dpop, any
}

package struct DPoPSettings: Settings {
    @Setting("How long after its `iat` a proof is taken.", .seconds(1) ... .seconds(3600))
    package var lifetime: Duration = .seconds(60)

    @Setting("By how much a client's clock may be ahead.", .zero ... .seconds(300))
    package var clockSkew: Duration = .seconds(5)

    @Setting("Proofs must hold a nonce of the gateway's, which clients get with the first refusal.")
    package var nonce: Bool = false

    @Setting("Secret that nonces are made with. Gateways with the same one take each other's; left out, each has its own.")
    package var nonceSecret: String?

    package init() {}
}

/// Sees to it that a token is of use only to those it was issued to (RFC 8705, RFC 9449).
final class SenderConstraint: Sendable {
    private let mode: SenderConstraintMode
    private let rules: DPoPRules
    private let wantsNonce: Bool
    private let memory: LoopLocal<SenderMemory>
    private let invalidProof: Challenge
    private let missingNonce: Challenge
    private let wrongSender: Challenge

    /// Shared by all policies: a proof is for one request, whatever policies look at it.
    private static let used = ReplayCache()
    private static let secret: Result<KeyedHash.Secret, CryptoError> = Result { () throws(CryptoError) in try KeyedHash.Secret.random() }

    init(_ mode: SenderConstraintMode, _ settings: DPoPSettings, realm: String, loops: Int) throws(PolicyError) {
        self.mode = mode
        var rules = DPoPRules()
        rules.lifetime = Int(settings.lifetime.components.seconds)
        rules.skew = Int(settings.clockSkew.components.seconds)
        self.rules = rules
        wantsNonce = settings.nonce
        let secret: KeyedHash.Secret
        do throws(CryptoError) {
            if let text = settings.nonceSecret {
                secret = KeyedHash.Secret(bytes: try Digest.sha256(Array(text.utf8)))
            } else {
                secret = try SenderConstraint.secret.get()
            }
            _ = try DPoPNonces(secret)
        } catch {
            throw PolicyError("nonces can't be made: \(error)")
        }
        memory = LoopLocal(loops: loops) { SenderMemory(nonces: try? DPoPNonces(secret)) }
        let algorithms = rules.algorithms.map(\.rawValue).joined(separator: " ")
        func challenge(_ error: String) -> Challenge { Challenge(scheme: "DPoP", [("realm", realm), ("error", error), ("algs", algorithms)]) }
        invalidProof = challenge("invalid_dpop_proof")
        missingNonce = challenge("use_dpop_nonce")
        wrongSender = Challenge(scheme: "Bearer", [("realm", realm), ("error", "invalid_token")])
    }

    /// What a request without token is asked for, beside what the policy asks for itself: nothing where a proof can't help.
    func addChallenge(to exchange: Exchange) {
        guard mode == .dpop || mode == .any else { return }
        if wantsNonce { giveNonce(exchange) }
        (wantsNonce ? missingNonce : invalidProof).add(to: exchange)
    }

    /// Nil: whoever sends the token may. To be asked for every request, after the token was found good.
    ///
    /// - Parameter binding: of the token.
    func check(_ binding: TokenBinding?, _ exchange: Exchange) -> Verdict? {
        guard mode != .none else { return nil }
        guard let binding else {
            // A proof of nothing is no proof (RFC 9449 §7.1).
            guard mode == .whenBound, exchange.dpopToken == nil else { return refuse("unbound", exchange) }
            return nil
        }
        if binding.isUnknown { return refuse("unknown", exchange) }
        switch mode {
        case .certificate where binding.certificate == nil, .dpop where binding.key == nil: return refuse("unbound", exchange)
        default: break
        }
        if let digest = binding.certificate {
            guard let shown = exchange.certificate, shown.digest == digest else { return refuse("certificate", exchange) }
        }
        guard let key = binding.key else { return nil }
        do throws(DPoPFlaw) {
            try prove(key, exchange)
            return nil
        } catch {
            return refuse(error, exchange)
        }
    }

    private func prove(_ key: [UInt8], _ exchange: Exchange) throws(DPoPFlaw) {
        // A bound token is never sent as if anybody could use it (RFC 9449 §7.2).
        guard let token = exchange.dpopToken else { throw .binding }
        let proof = try SenderConstraint.proof(of: exchange, rules)
        let now = exchange.unixSeconds
        try rules.check(
            proof, method: exchange.request.methodName.string, target: exchange.dpopTarget, token: token, boundTo: key, now: now)
        if wantsNonce {
            guard let nonce = proof.nonce, let nonces = memory[exchange].nonces, nonces.accepts(nonce, now: now) else { throw .nonce }
        }
        try memory[exchange].verify(proof, now: exchange.loop.now)
        guard let place = try? ReplayCache.key(of: proof), SenderConstraint.used.take(place, until: rules.end(of: proof), now: now) else {
            throw .replayed
        }
        // It has served its purpose, and nobody else should have it.
        exchange.request.fields.remove(named: ByteView("dpop"))
    }

    private static func proof(of exchange: Exchange, _ rules: DPoPRules) throws(DPoPFlaw) -> DPoPProof {
        var field: ByteView?
        var count = 0
        exchange.request.fields.forEach(named: ByteView("dpop")) { value in
            field = value
            count += 1
            return count < 2
        }
        guard let field else { throw .missing }
        guard count == 1 else { throw .several }
        return try DPoPProof(parsing: field, algorithms: rules.algorithms)
    }

    // MARK: Refusing

    private func refuse(_ flaw: DPoPFlaw, _ exchange: Exchange) -> Verdict {
        "dpop_\(flaw.rawValue)".withView { exchange.log(.text, ByteView("sender"), $0) }
        if wantsNonce { giveNonce(exchange) }
        let challenge = flaw == .nonce || flaw == .missing && wantsNonce ? missingNonce : invalidProof
        return challenge.refuse(.credentialsInvalid, exchange, "The proof of possession is not accepted.")
    }

    private func refuse(_ why: String, _ exchange: Exchange) -> Verdict {
        why.withView { exchange.log(.text, ByteView("sender"), $0) }
        return wrongSender.refuse(.credentialsInvalid, exchange, "The token is not accepted.")
    }

    private func giveNonce(_ exchange: Exchange) {
        guard let nonce = memory[exchange].nonces?.nonce(now: exchange.unixSeconds) else { return }
        nonce.withView { exchange.response.fields.append(.other, name: ByteView("dpop-nonce"), $0) }
    }
}

/// What one event loop needs for proofs.
struct SenderMemory {
    let nonces: DPoPNonces?
    /// Keys that proofs were signed with, ready to verify.
    private var keys = CredentialCache<VerifyingKeys>(capacity: 1024)

    init(nonces: DPoPNonces?) { self.nonces = nonces }

    mutating func verify(_ proof: DPoPProof, now: Instant) throws(DPoPFlaw) {
        let place = proof.keyPlace
        if case .accepted(let key) = keys.verdict(of: place, now: now) {
            try proof.verify(with: key)
        } else {
            let key = try proof.verifyingKey()
            try proof.verify(with: key)
            keys.remember(.accepted(key), for: place, now: now)
        }
    }
}

extension DPoPProof {
    /// Key and algorithm: a key of RSA may come with several.
    fileprivate var keyPlace: CredentialKey {
        func word(_ at: Int) -> UInt64 { thumbprint[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return CredentialKey(words: (word(0), word(8), word(16), word(24) ^ UInt64(algorithmNumber)))
    }
}

extension Exchange {
    /// A token that is sent with a proof (RFC 9449 §7.1).
    fileprivate var dpopToken: ByteView? {
        guard let field = request.fields[.authorization], field.count > 5, field.prefix(5).equalsIgnoringCase("dpop ") else { return nil }
        return field.dropFirst(5).trimmed
    }

    /// The URL of the request as its client knows it.
    fileprivate var dpopTarget: DPoPTarget? {
        var authority = request.authority
        // A trusted proxy says what the client has asked it for; the first of several is the one that the client talks to.
        if client.isTrusted, let given = request.fields[.xForwardedHost] {
            authority = given.prefix(given.firstIndex(of: UInt8(ascii: ",")) ?? given.count).trimmed
        }
        return DPoPTarget(scheme: clientScheme, authority: authority, path: request.path)
    }
}
