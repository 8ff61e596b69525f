/// Proof that who redeems a code is who asked for it (PKCE, RFC 7636), with the method S256: the other one proves nothing to whoever
/// has seen the request.
package enum ProofKey {
    /// A new verifier: 43 characters.
    package static func verifier() throws(CryptoError) -> String { Base64URL.encode(try Random.bytes(32)) }

    package static func challenge(of verifier: String) throws(CryptoError) -> String {
        Base64URL.encode(try Digest.sha256(Array(verifier.utf8)))
    }

    /// What a client may send as its challenge: a SHA-256 in Base64.
    package static func isChallenge(_ text: String) -> Bool { Base64URL.decode(text)?.count == 32 }

    /// Whether the verifier, of 43 to 128 unreserved characters (§4.1), is the challenge's.
    package static func verifies(_ verifier: String, challenge: String) -> Bool {
        guard (43...128).contains(verifier.utf8.count), verifier.utf8.allSatisfy(isVerifierByte),
            let expected = try? self.challenge(of: verifier)
        else { return false }
        return ConstantTime.equal(Array(expected.utf8), Array(challenge.utf8))
    }

    private static func isVerifierByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }
}
