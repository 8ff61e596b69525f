/// Why a proof of possession is not accepted (RFC 9449 §4.3). For logs and tests: whoever sent it is told less.
package enum DPoPFlaw: String, Error, CaseIterable, Sendable {
    /// There is none.
    case missing
    /// There are several.
    case several
    case tooLong = "too_long"
    /// It is no signed token, or its claims are no object.
    case malformed
    /// `typ` is not `dpop+jwt`.
    case type
    /// `alg` is not known, is symmetric, or is not allowed.
    case algorithm
    /// `jwk` is missing, is no public key, or does not go with `alg`.
    case key
    case signature
    /// `htm`, `htu`, `iat` or `jti` is missing or not of its type.
    case claims
    /// `htm` is another method.
    case method
    /// `htu` is another URL.
    case target
    /// `iat` is too long ago, or in the future.
    case time
    /// `ath` is not that of the token.
    case token
    /// The token belongs to another key.
    case binding
    /// `nonce` is missing or none of ours.
    case nonce
    /// It was used before.
    case replayed
}
