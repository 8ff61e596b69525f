package import Primitives

/// A key that verifies signatures, with the algorithms that it is for: a token doesn't choose how a key is used (RFC 8725 §3.1).
package struct VerifyingKey: Sendable {
    package let kid: String?
    package let algorithms: [SignatureAlgorithm]
    private let methods: [Method]

    private enum Method: Sendable {
        case secret(ContextPool<MACContext>)
        case pair(ContextPool<PublicKeyContext>)
    }

    /// Bytes of its signatures with each of the algorithms.
    private let sizes: [Int]

    /// - Parameters:
    ///   - key: public or private, or a secret.
    ///   - algorithms: the ones that it is for; nil: the one that it names, or all that its type knows.
    /// - Throws: when none is left, when the key is not for verifying, when a secret is shorter than the digest (RFC 7518 §3.2).
    package init(_ key: JSONWebKey, algorithms wanted: [SignatureAlgorithm]? = nil) throws(KeyError) {
        guard key.allows(use: "sig", any: ["verify", "sign"]) else { throw KeyError("the key is not for signatures") }
        kid = key.kid
        algorithms = try VerifyingKey.algorithms(of: key, wanted)
        if case .secret(let secret) = key.material {
            methods = try VerifyingKey.methods(algorithms) { algorithm throws(CryptoError) in
                .secret(try ContextPool { () throws(CryptoError) in try MACContext(secret: secret, algorithm) })
            }
            sizes = algorithms.map(\.digestSize)
        } else {
            let pair = try AsymmetricKey(key.material.publicPart ?? key.material)
            methods = try VerifyingKey.methods(algorithms) { algorithm throws(CryptoError) in
                .pair(try ContextPool { () throws(CryptoError) in try PublicKeyContext(pair, algorithm) })
            }
            let size = key.material.signatureSize
            sizes = algorithms.map { _ in size }
        }
    }

    /// A public key, a private key or a certificate.
    package init(pem: String, kid: String? = nil, algorithms: [SignatureAlgorithm]? = nil) throws(KeyError) {
        guard let material = try AsymmetricKey(pem: pem).material(isPrivate: false) else {
            throw KeyError("the PEM holds a key of a type that tokens are not signed with")
        }
        try self.init(JSONWebKey(material, kid: kid), algorithms: algorithms)
    }

    private static func methods(
        _ algorithms: [SignatureAlgorithm], _ make: (SignatureAlgorithm) throws(CryptoError) -> Method
    ) throws(KeyError) -> [Method] {
        do throws(CryptoError) {
            var methods: [Method] = []
            for algorithm in algorithms { methods.append(try make(algorithm)) }
            return methods
        } catch { throw KeyError("\(error)") }
    }

    static func algorithms(of key: JSONWebKey, _ wanted: [SignatureAlgorithm]?) throws(KeyError) -> [SignatureAlgorithm] {
        var algorithms = key.material.signatureAlgorithms
        if let name = key.algorithm { algorithms.removeAll { $0.rawValue != name } }
        if let wanted { algorithms.removeAll { !wanted.contains($0) } }
        guard algorithms.isEmpty else { return algorithms }
        if case .secret = key.material {
            throw KeyError("a secret of HS256 must have 32 bytes at least, of HS384 48, of HS512 64")
        }
        throw KeyError("the algorithm does not go with a key of type \(key.material.type)")
    }

    /// Finds out whether `signature` is that of `message`.
    package func verify(_ signature: [UInt8], of message: ByteView, _ algorithm: SignatureAlgorithm) throws(TokenFlaw) {
        guard let place = algorithms.firstIndex(of: algorithm) else { throw .algorithmNotAllowed }
        guard signature.count == sizes[place] else { throw .signatureLength }
        let isRight =
            switch methods[place] {
            case .secret(let pool): pool.lend { $0.verify(signature, of: message) }
            case .pair(let pool):
                pool.lend { $0.verify(algorithm.family == .ecdsa ? ECDSASignature.der(signature) : signature, of: message) }
            }
        guard isRight == true else { throw .signatureWrong }
    }
}

extension KeyMaterial {
    /// Bytes of what a pair signs.
    var signatureSize: Int {
        switch self {
        case .secret: 0
        case .rsa(let rsa): rsa.n.count
        case .ec(let curve, _, _, _), .okp(let curve, _, _): curve.signatureSize
        }
    }
}
