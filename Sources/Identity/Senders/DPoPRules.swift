package import Primitives

/// What proofs have to say (RFC 9449 §4.3).
package struct DPoPRules: Sendable, Equatable {
    package var algorithms: [SignatureAlgorithm] = DPoPRules.usual
    /// Seconds for which a proof is good, from its `iat`.
    package var lifetime = 60
    /// Seconds by which a client's clock may be ahead.
    package var skew = 5

    package static let usual: [SignatureAlgorithm] = [.ES256, .ES384, .ES512, .PS256, .PS384, .PS512, .RS256, .RS384, .RS512, .EdDSA]

    package init() {}

    /// Everything that costs no signature.
    ///
    /// - Parameters:
    ///   - token: the access token of the request; nil: there is none, as at a token endpoint.
    ///   - key: the thumbprint that the token is bound to; nil: to none.
    ///   - now: seconds since 1970.
    package func check(
        _ proof: DPoPProof, method: String, target: DPoPTarget?, token: ByteView?, boundTo key: [UInt8]?, now: Int
    ) throws(DPoPFlaw) {
        guard proof.method == method else { throw .method }
        guard let target, DPoPTarget(proof.target) == target else { throw .target }
        guard proof.issuedAt <= now + skew, proof.issuedAt > now - lifetime - skew else { throw .time }
        if let token {
            guard let digest = try? Digest.sha256(token.array), let stated = proof.tokenDigest, ConstantTime.equal(digest, stated) else {
                throw .token
            }
        }
        if let key { guard ConstantTime.equal(key, proof.thumbprint) else { throw .binding } }
    }

    /// When nobody could use the proof again anyway, in seconds since 1970.
    package func end(of proof: DPoPProof) -> Int { proof.issuedAt + lifetime + skew }
}
