package import Primitives

/// A proof that its sender has a key, for one request (RFC 9449 §4.2).
package struct DPoPProof: Sendable {
    private let token: SignedToken
    private let algorithm: SignatureAlgorithm
    private let jwk: JSONWebKey
    /// RFC 7638, of the key that it is signed with.
    package let thumbprint: [UInt8]
    package let method: String
    package let target: String
    package let identifier: String
    /// Seconds since 1970.
    package let issuedAt: Int
    package let nonce: String?
    package let tokenDigest: [UInt8]?

    /// Of its algorithm, among all.
    package var algorithmNumber: Int { SignatureAlgorithm.allCases.firstIndex(of: algorithm) ?? 0 }

    /// Longer proofs are not even parsed.
    package static let most = 8 << 10
    /// Longer identifiers are somebody's way to fill memory.
    private static let mostIdentifier = 256

    /// Reads a proof. Nothing of it is proved yet.
    package init(parsing text: ByteView, algorithms: [SignatureAlgorithm]) throws(DPoPFlaw) {
        guard text.count <= DPoPProof.most else { throw .tooLong }
        let claims: JSONObject
        do throws(TokenFlaw) {
            token = try SignedToken(parsing: text, most: DPoPProof.most)
            claims = try token.claims()
        } catch {
            throw .malformed
        }
        guard token.header.type == "dpop+jwt" else { throw .type }
        guard let algorithm = SignatureAlgorithm(rawValue: token.header.algorithm), algorithm.family != .hmac, algorithms.contains(algorithm) else {
            throw .algorithm
        }
        self.algorithm = algorithm
        guard let json = token.header.members["jwk"], let jwk = try? JSONWebKey(json), !jwk.material.isPrivate,
            let thumbprint = try? jwk.thumbprint()
        else { throw .key }
        self.jwk = jwk
        self.thumbprint = thumbprint
        guard let method = claims["htm"]?.string, let target = claims["htu"]?.string, let identifier = claims["jti"]?.string, !identifier.isEmpty,
            identifier.utf8.count <= DPoPProof.mostIdentifier, let issuedAt = try? claims.date("iat")
        else { throw .claims }
        self.method = method
        self.target = target
        self.identifier = identifier
        self.issuedAt = issuedAt
        nonce = claims["nonce"]?.string
        tokenDigest = claims["ath"]?.string.flatMap { Base64URL.decode($0) }
    }

    /// The key that it brings along, ready to verify; worth keeping, because whoever has a key sends many proofs.
    package func verifyingKey() throws(DPoPFlaw) -> VerifyingKeys {
        do throws(KeyError) { return VerifyingKeys([try VerifyingKey(jwk, algorithms: [algorithm])]) } catch { throw .key }
    }

    package func verify(with key: VerifyingKeys) throws(DPoPFlaw) {
        do throws(TokenFlaw) { try token.verify(with: key) } catch { throw .signature }
    }
}
