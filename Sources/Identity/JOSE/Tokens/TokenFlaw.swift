/// Why a token is not accepted. For logs and tests: whoever sent it is told less.
package enum TokenFlaw: Error, Hashable, Sendable {
    // MARK: Form
    case tooLong
    /// Neither three parts nor five.
    case partCount
    case headerEncoding, payloadEncoding, signatureEncoding
    /// The header is no JSON object, or has a member twice.
    case headerJSON
    /// A member of the header is not of its type.
    case headerMember(String)
    /// The claims are no JSON object, or have a member twice.
    case claimsJSON

    // MARK: Algorithm and key
    case algorithmNone
    case algorithmUnknown
    /// No key of ours is for it.
    case algorithmNotAllowed
    /// The header demands what this gateway does not know (`crit`, RFC 7515 §4.1.11).
    case criticalUnknown(String)
    /// `crit` itself is malformed.
    case critical
    case keyUnknown
    /// Without `kid` there are too many keys to try.
    case keyAmbiguous
    case signatureLength, signatureWrong

    // MARK: Encryption
    case keyEncoding, vectorEncoding, ciphertextEncoding, tagEncoding
    case encryptionUnknown
    /// It is encrypted, and there is no key to open any.
    case encryptionNotAllowed
    /// It would have to be decompressed, which nothing bounds.
    case compressed
    case encryptedKeyLength, vectorLength, tagLength
    /// The key of the sender (`epk`) is missing or not on the curve.
    case ephemeralKey
    /// One answer to all that goes wrong once bytes are decrypted, so that nothing can be learned from it (RFC 7516 §11.5).
    case decryptionFailed
    /// It is encrypted and not signed, with a key that anybody has.
    case unsigned

    // MARK: Claims
    case type
    case claimMissing(String)
    /// The claim is not of its type.
    case claimType(String)
    case issuer, audience
    case expired, notYetValid, issuedInFuture, tooOld
    case scopeMissing(String)
    /// A claim has not the value that is asked for.
    case claimValue(String)
    case revoked

    /// Words joined by `_`, and what it is about.
    package var code: String {
        switch self {
        case .headerMember(let name): "header_member \(name)"
        case .criticalUnknown(let name): "critical_unknown \(name)"
        case .claimMissing(let name): "claim_missing \(name)"
        case .claimType(let name): "claim_type \(name)"
        case .scopeMissing(let name): "scope_missing \(name)"
        case .claimValue(let name): "claim_value \(name)"
        default: TokenFlaw.words("\(self)")
        }
    }

    /// `headerJSON` as `header_json`.
    private static func words(_ name: String) -> String {
        var words = ""
        var wasUpper = true
        for character in name {
            if character.isUppercase, !wasUpper { words += "_" }
            wasUpper = character.isUppercase
            words += character.lowercased()
        }
        return words
    }
}
