/// How a token is signed: `alg` of RFC 7518 §3.1 and RFC 8037 §3.1. `none` is none of them.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case HS256, HS384, HS512
    case RS256, RS384, RS512
    case PS256, PS384, PS512
    case ES256, ES384, ES512
    case EdDSA

    /// What kind of key it takes, and what is done with it.
    package enum Family: Sendable {
        /// A secret that both sides know.
        case hmac
        /// RSASSA-PKCS1-v1_5 and RSASSA-PSS.
        case rsa, pss
        case ecdsa
        case eddsa
    }

    package var family: Family {
        switch self {
        case .HS256, .HS384, .HS512: .hmac
        case .RS256, .RS384, .RS512: .rsa
        case .PS256, .PS384, .PS512: .pss
        case .ES256, .ES384, .ES512: .ecdsa
        case .EdDSA: .eddsa
        }
    }

    /// Bytes of its digest; 0 for EdDSA, which has its own.
    package var digestSize: Int {
        switch self {
        case .HS256, .RS256, .PS256, .ES256: 32
        case .HS384, .RS384, .PS384, .ES384: 48
        case .HS512, .RS512, .PS512, .ES512: 64
        case .EdDSA: 0
        }
    }

    /// What OpenSSL calls the digest.
    var digestName: String { "SHA\(digestSize * 8)" }

    /// The one curve that goes with it (RFC 7518 §3.4).
    var curve: EllipticCurve? {
        switch self {
        case .ES256: .p256
        case .ES384: .p384
        case .ES512: .p521
        default: nil
        }
    }
}
