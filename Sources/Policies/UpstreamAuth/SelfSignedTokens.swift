import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Tokens that the gateway signs itself, with what they have in common prepared.
final class SelfSignedTokens: Sendable {
    private let key: SigningKey
    private let algorithm: SignatureAlgorithm?
    private let issuer: String
    private let audience: String
    private let claims: [(name: String, value: PolicyTemplate)]
    private let lifetime: Int
    /// Seconds for which a token is used again.
    private let reuse: Int
    private let made: LoopLocal<[[UInt8]: (token: [UInt8], until: Int)]>

    /// Callers whose tokens each loop remembers.
    private static let most = 1024

    init(_ config: UpstreamAuth.SignedToken, _ context: PolicyContext) throws(PolicyError) {
        algorithm = try SignatureAlgorithm.named(config.algorithm, at: config.$algorithm.position, "jwt.algorithm")
        do throws(KeyError) { key = try config.key(algorithm) } catch {
            throw PolicyError("the key can't be used: \(error)", at: config.$privateKey.position, path: "jwt")
        }
        issuer = config.issuer
        audience = config.audience
        var claims: [(String, PolicyTemplate)] = []
        if let subject = config.subject { claims.append(("sub", try context.compile(subject, "jwt.subject"))) }
        for entry in config.claims.entries {
            guard !["iss", "aud", "sub", "iat", "nbf", "exp", "jti"].contains(entry.key) else {
                throw PolicyError("`\(entry.key)` is not one of the claims that are free", at: entry.position, path: "jwt.claims")
            }
            claims.append((entry.key, try context.compile(entry.value, "jwt.claims.\(entry.key)")))
        }
        self.claims = claims
        lifetime = Int(config.lifetime.components.seconds)
        reuse = Int(Double(lifetime) * config.reuse.fraction)
        made = LoopLocal(loops: context.loops) { [:] }
    }

    /// Nil only if libcrypto fails.
    func token(_ exchange: Exchange) -> [UInt8]? {
        let texts = exchange.tools.scratch
        texts.clear()
        var ends: [Int] = []
        for claim in claims {
            claim.value.render(exchange, to: texts)
            ends.append(texts.count)
            // No text can look like the beginning of another one.
            texts.append(byte: 0)
        }
        let now = exchange.unixSeconds, name = texts.view.array
        if let known = made[exchange][name], known.until > now { return known.token }
        var members: JSONObject = ["iss": .string(issuer), "aud": .string(audience)]
        var start = 0
        for (claim, end) in zip(claims, ends) {
            members[claim.name] = .string(texts.view(start..<end).string)
            start = end + 1
        }
        members["iat"] = .number(JSONNumber(now))
        members["exp"] = .number(JSONNumber(now + lifetime))
        members["jti"] = .string(SelfSignedTokens.identifier(exchange))
        guard let token = try? JSONWebToken.make(claims: .object(members), key: key, algorithm: algorithm) else { return nil }
        let bytes = Array(token.utf8)
        guard reuse > 0 else { return bytes }
        if made[exchange].count >= SelfSignedTokens.most { made[exchange].removeAll(keepingCapacity: true) }
        made[exchange][name] = (bytes, now + reuse)
        return bytes
    }

    private static func identifier(_ exchange: Exchange) -> String {
        String(exchange.tools.random.next(), radix: 36) + String(exchange.tools.random.next(), radix: 36)
    }
}

extension UpstreamAuth.SignedToken {
    /// What the claims ask for.
    var facts: Set<Fact> {
        let context = PolicyContext(label: UpstreamAuth.id, loops: 1)
        return ([subject].compactMap { $0 } + claims.entries.map(\.value)).reduce(into: []) { facts, text in
            if let template = try? context.compile(text, "jwt") { facts.formUnion(template.facts) }
        }
    }

    fileprivate func key(_ algorithm: SignatureAlgorithm?) throws(KeyError) -> SigningKey {
        switch (privateKey, secret) {
        case (let pem?, nil): return try SigningKey(pem: pem.text, kid: keyId, algorithm: algorithm)
        case (nil, let secret?):
            return try SigningKey(JSONWebKey(.secret(Array(secret.text.utf8)), kid: keyId, use: "sig", algorithm: algorithm?.rawValue))
        default: throw KeyError("exactly one of `privateKey` and `secret` is needed")
        }
    }
}
