import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Checks the signatures of requests: one of those that are looked at has to be right.
final class MessageVerifier: Sendable {
    enum Decision {
        case refused(Verdict)
        /// With what the body should be; nil when that is not looked at.
        case accepted(BodyCheck?)
    }

    let mostCollected: Int?
    private let rules: SignatureRules
    private let label: String?
    private let digest: DigestRule
    let keys: [String: (key: MessageVerifyingKey, principal: Principal)]
    private let secrets: SharedSecrets
    let replays: ReplayGuard?
    private let hidesCredentials: Bool
    private let challenge: Challenge
    private let wanted: [UInt8]

    /// Each costs a look-up and perhaps a verification.
    private static let mostSignatures = 4

    init(_ config: HTTPSignature.Config, _ context: PolicyContext) throws(PolicyError) {
        var rules = SignatureRules()
        rules.components = try HTTPSignature.components(config.components, at: config.$components.position, "components")
        rules.mostAge = config.maxAge.components.seconds
        rules.skew = config.clockSkew.components.seconds
        rules.requiresExpires = config.requireExpires
        rules.requiresNonce = config.nonce != .ignored
        rules.tag = config.tag
        self.rules = rules
        label = config.label
        digest = config.digest
        mostCollected = config.collectBody?.bytes
        hidesCredentials = config.hideCredentials
        try Challenge.check(realm: config.$realm)
        challenge = Challenge(scheme: "Signature", [("realm", config.realm)])
        let secrets = try SharedSecrets(context, method: HTTPSignature.id, lifetime: config.cache.nanoseconds)
        self.secrets = secrets
        var keys: [String: (MessageVerifyingKey, Principal)] = [:]
        for (i, entry) in config.keys.enumerated() {
            guard keys[entry.keyId] == nil else {
                throw PolicyError("there are two keys called `\(entry.keyId)`", at: entry.$keyId.position, path: "keys[\(i)].keyId")
            }
            keys[entry.keyId] = (try entry.key("keys[\(i)]"), try entry.principal("keys[\(i)]", secrets))
        }
        self.keys = keys
        let lifetime = config.maxAge.components.seconds + 2 * config.clockSkew.components.seconds, most = config.remembered
        let before = (context.predecessor as? HTTPSignature)?.verifier?.replays
        replays = config.nonce == .once ? before?.adopt(lifetime: lifetime, most: most) ?? ReplayGuard(lifetime: lifetime, most: most) : nil
        wanted = MessageVerifier.acceptSignature(rules, label: config.label ?? "sig1")
        if keys.isEmpty, secrets.isEmpty {
            context.warn(
                "nobody has a key to sign with, so every request is refused", remedy: "add `keys`, or `credentials: [{ hmac: … }]` to a consumer")
        }
    }

    /// What to sign, for clients that ask themselves (RFC 9421 §5).
    private static func acceptSignature(_ rules: SignatureRules, label: String) -> [UInt8] {
        let out = ByteBuffer()
        var parameters: StructuredParameters = StructuredParameters([("created", .boolean(true)), ("keyid", .boolean(true))])
        if rules.requiresExpires { parameters["expires"] = .boolean(true) }
        if rules.requiresNonce { parameters["nonce"] = .boolean(true) }
        parameters["tag"] = rules.tag.map { .string($0) }
        StructuredDictionary([(label, .innerList(InnerList(rules.components.map(\.identifier), parameters)))]).write(to: out)
        return out.view.array
    }

    // MARK: Deciding

    /// Nil: a database has to be asked; `find` does.
    func decide(_ exchange: Exchange) -> Decision? {
        switch candidates(exchange) {
        case .failure(let refusal): return .refused(refusal.verdict)
        case .success(let signatures):
            var tries = Tries(exchange)
            for signature in signatures {
                guard let key = tries.key(of: signature, self, known: secrets.findNow(signature.parameters.keyID ?? "", exchange)) else { return nil }
                if let decision = tries.attempt(signature, with: key, self) { return decision }
            }
            return tries.failed(self)
        }
    }

    func find(_ exchange: Exchange) async -> Decision {
        switch candidates(exchange) {
        case .failure(let refusal): return .refused(refusal.verdict)
        case .success(let signatures):
            var tries = Tries(exchange)
            for signature in signatures {
                let id = signature.parameters.keyID ?? ""
                let known = keys[id] == nil ? await secrets.find(id, exchange) : .unknown
                guard let key = tries.key(of: signature, self, known: known) else { continue }
                if let decision = tries.attempt(signature, with: key, self) { return decision }
            }
            return tries.failed(self)
        }
    }

    private struct Refusal: Error { let verdict: Verdict }

    /// The signatures that the rules allow, which leaves only to find out whether they are right.
    private func candidates(_ exchange: Exchange) -> Result<[MessageSignature], Refusal> {
        let message = ReceivedRequest(exchange: exchange)
        let now = Int64(exchange.unixSeconds)
        do throws(SignatureError) {
            let all = try MessageSignature.all(of: message, labelled: label)
            guard all.count <= MessageVerifier.mostSignatures else { throw SignatureError.refused(.init("there are too many signatures")) }
            if let name = all.first?.parameters.keyID { name.withView { exchange.noteClaim($0) } }
            var last = SignatureError.missing
            var allowed: [MessageSignature] = []
            for signature in all {
                do throws(SignatureError) {
                    try rules.check(signature, now: now, hasQuery: exchange.request.query != nil)
                    allowed.append(signature)
                } catch { last = error }
            }
            guard !allowed.isEmpty else { throw last }
            return .success(allowed)
        } catch .missing {
            return .failure(Refusal(verdict: refuse(.credentialsMissing, exchange, "This needs a signature, in Signature and Signature-Input.")))
        } catch {
            return .failure(Refusal(verdict: refuse(.credentialsInvalid, exchange, "The signature is not accepted: \(error).")))
        }
    }

    static let decoy = MessageVerifyingKey(secret: Array("nobody has this one".utf8))

    /// What tells the request apart: of its key and nonce, or of all that is signed.
    func verify(_ signature: MessageSignature, _ key: MessageVerifyingKey, _ exchange: Exchange) throws(SignatureError) -> [UInt8] {
        let base = exchange.tools.scratch
        base.clear()
        try SignatureBase.write(signature.components, signature.input, of: ReceivedRequest(exchange: exchange), to: base)
        // A signature that names another algorithm than its key's is not to be believed (§3.3.7).
        guard signature.parameters.algorithm.map({ $0 == key.algorithm.rawValue }) ?? true else { throw .invalid }
        try key.verify(signature.bytes, of: base.view)
        guard replays != nil else { return [] }
        base.clear()
        base.append(text: signature.parameters.keyID ?? "")
        base.append(byte: 0)
        base.append(text: signature.parameters.nonce ?? "")
        guard let mark = try? Digest.compute(.sha256, base.view) else { throw .failed }
        return mark
    }

    func body(of signature: MessageSignature, _ exchange: Exchange) throws(SignatureError) -> BodyCheck? {
        guard digest != .ignored else { return nil }
        if signature.covers(MessageVerifier.contentDigest), let joined = exchange.request.fields.joined(ByteView("content-digest")),
            let found = try DigestField.parse(joined.view)
        {
            return BodyCheck(found.algorithm, found.digest)
        }
        guard digest == .required, exchange.request.framing.hasBody else { return nil }
        throw SignatureError.refused(.init("the body's digest is not signed"))
    }

    private static let contentDigest: SignatureComponent? = try? SignatureComponent(parsing: "content-digest")

    func accept(_ principal: Principal, _ exchange: Exchange) {
        exchange.identify(principal)
        guard hidesCredentials else { return }
        exchange.request.fields.remove(named: ByteView("signature"))
        exchange.request.fields.remove(named: ByteView("signature-input"))
    }

    func refuse(_ reason: Reason, _ exchange: Exchange, _ detail: String) -> Verdict {
        wanted.withView { exchange.response.fields.append(.other, name: ByteView("accept-signature"), $0) }
        return challenge.refuse(reason, exchange, detail)
    }
}

extension MessageSignature {
    fileprivate func covers(_ component: SignatureComponent?) -> Bool { component.map { covers($0) } ?? false }
}
