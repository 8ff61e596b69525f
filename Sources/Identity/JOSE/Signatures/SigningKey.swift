private import COpenSSL
import Primitives

/// A key that signs: a private key, or a secret.
package struct SigningKey: Sendable {
    /// With the private half.
    package let jwk: JSONWebKey
    package let algorithms: [SignatureAlgorithm]
    private let pair: AsymmetricKey?

    /// - Throws: when there is no private half, or the key is for something else.
    package init(_ key: JSONWebKey) throws(KeyError) {
        guard key.allows(use: "sig", any: ["sign"]) else { throw KeyError("the key is not for signing") }
        guard key.material.isPrivate else { throw KeyError("the key has no private half") }
        jwk = key
        algorithms = try VerifyingKey.algorithms(of: key, nil)
        if case .secret = key.material { pair = nil } else { pair = try AsymmetricKey(key.material) }
    }

    /// - Parameters:
    ///   - kid: nil: its thumbprint.
    ///   - algorithm: the only one that it is for; nil: all that its type knows.
    package init(pem: String, kid: String? = nil, algorithm: SignatureAlgorithm? = nil) throws(KeyError) {
        guard let material = try AsymmetricKey(pem: pem).material(isPrivate: true) else {
            throw KeyError("the PEM holds no private key of a type that tokens are signed with")
        }
        try self.init(named: material, kid, algorithm)
    }

    /// A key that nobody has had before, for one algorithm; its `kid` is its thumbprint. RSA keys have 2048 bits unless told otherwise.
    package static func generate(_ algorithm: SignatureAlgorithm, bits: Int = 2048) throws(KeyError) -> SigningKey {
        let material: KeyMaterial?
        switch algorithm.family {
        case .hmac: material = (try? Random.bytes(algorithm.digestSize)).map { .secret($0) }
        case .rsa, .pss: material = try AsymmetricKey.generateRSA(bits: bits).material(isPrivate: true)
        case .ecdsa: material = try AsymmetricKey.generate(algorithm.curve ?? .p256).material(isPrivate: true)
        case .eddsa: material = try AsymmetricKey.generate(.ed25519).material(isPrivate: true)
        }
        guard let material else { throw KeyError("libcrypto could not make a key for \(algorithm.rawValue)") }
        return try SigningKey(named: material, nil, algorithm)
    }

    private init(named material: KeyMaterial, _ kid: String?, _ algorithm: SignatureAlgorithm?) throws(KeyError) {
        var key = JSONWebKey(material, kid: kid, use: "sig", algorithm: algorithm?.rawValue)
        if kid == nil {
            do throws(CryptoError) { key.kid = Base64URL.encode(try key.thumbprint()) } catch { throw KeyError("\(error)") }
        }
        try self.init(key)
    }

    package var kid: String? { jwk.kid }

    /// What to publish; nil for a secret.
    package var publicJWK: JSONWebKey? { jwk.publicKey }

    /// RFC 7638, with SHA-256, in base64url.
    package var thumbprint: String? { (try? jwk.thumbprint()).map { Base64URL.encode($0) } }

    /// PKCS #8; throws for a secret.
    package func privatePEM() throws(KeyError) -> String {
        guard let pair else { throw KeyError("a secret has no PEM") }
        return try pair.privatePEM()
    }

    /// What to publish, for those who take no JWK; throws for a secret.
    package func publicPEM() throws(KeyError) -> String {
        guard let pair else { throw KeyError("a secret has no PEM") }
        return try pair.publicPEM()
    }

    package func verifyingKey() throws(KeyError) -> VerifyingKey { try VerifyingKey(jwk) }

    /// The signature as JWS has it.
    package func sign(_ message: [UInt8], algorithm: SignatureAlgorithm) throws(KeyError) -> [UInt8] {
        guard algorithms.contains(algorithm) else { throw KeyError("the key is not for \(algorithm.rawValue)") }
        guard let pair else {
            guard case .secret(let secret) = jwk.material, let context = try? MACContext(secret: secret, algorithm),
                let code = message.withView({ context.code(of: $0) })
            else { throw KeyError("libcrypto could not sign") }
            return code
        }
        guard let signature = pair.sign(message, algorithm) else { throw KeyError("libcrypto could not sign") }
        guard let curve = algorithm.curve else { return signature }
        guard let raw = ECDSASignature.raw(signature, size: curve.size) else { throw KeyError("libcrypto made a malformed signature") }
        return raw
    }
}

extension AsymmetricKey {
    /// The signature as OpenSSL has it.
    fileprivate func sign(_ message: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer {
            unsafe EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var options: OpaquePointer?
        let digest: OpaquePointer? = algorithm.family == .eddsa ? nil : unsafe EVP_MD_fetch(nil, algorithm.digestName, nil)
        defer { unsafe EVP_MD_free(digest) }
        guard unsafe EVP_DigestSignInit(context, &options, digest, nil, pointer) == 1 else { return nil }
        if let options = unsafe options, let digest = unsafe digest {
            guard SignatureSetup.apply(algorithm, options, digest) else { return nil }
        }
        var count = size
        var signature = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { return nil }
        return Array(signature.prefix(count))
    }
}
