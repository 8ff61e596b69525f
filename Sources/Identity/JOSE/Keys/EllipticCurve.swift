/// A curve of RFC 7518 §6.2.1.1, or of RFC 8037 §2.
package enum EllipticCurve: String, CaseIterable, Sendable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"
    case ed25519 = "Ed25519"
    case ed448 = "Ed448"
    case x25519 = "X25519"
    case x448 = "X448"

    /// A key of type `EC`, of two coordinates; all others are `OKP`.
    package var isWeierstrass: Bool {
        switch self {
        case .p256, .p384, .p521: true
        case .ed25519, .ed448, .x25519, .x448: false
        }
    }

    /// Only to agree on keys, not to sign.
    package var isForAgreementOnly: Bool { self == .x25519 || self == .x448 }

    /// Bytes of a coordinate and of a private key.
    package var size: Int {
        switch self {
        case .p256, .ed25519, .x25519: 32
        case .p384: 48
        case .p521: 66
        case .ed448: 57
        case .x448: 56
        }
    }

    /// Bytes of a signature, which is twice a coordinate; 0 for curves that don't sign.
    package var signatureSize: Int { isForAgreementOnly ? 0 : 2 * size }

    /// What OpenSSL calls the group, or the type of key.
    var name: String {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        case .p521: "secp521r1"
        case .ed25519: "ED25519"
        case .ed448: "ED448"
        case .x25519: "X25519"
        case .x448: "X448"
        }
    }
}
