/// How the key of an encrypted token is found: `alg` of RFC 7518 §4.1. RSA1_5 can be attacked (RFC 8725 §3.2) and PBES2 lets the sender
/// choose how much work a password is, so neither is here.
package enum KeyManagement: String, CaseIterable, Sendable {
    case rsaOAEP = "RSA-OAEP"
    case rsaOAEP256 = "RSA-OAEP-256"
    case ecdh = "ECDH-ES"
    case ecdhA128KW = "ECDH-ES+A128KW"
    case ecdhA192KW = "ECDH-ES+A192KW"
    case ecdhA256KW = "ECDH-ES+A256KW"
    case a128KW = "A128KW"
    case a192KW = "A192KW"
    case a256KW = "A256KW"
    case a128GCMKW = "A128GCMKW"
    case a192GCMKW = "A192GCMKW"
    case a256GCMKW = "A256GCMKW"
    case direct = "dir"

    /// Bytes of the AES key that wraps the content's key; 0 where none does.
    var wrapSize: Int {
        switch self {
        case .ecdhA128KW, .a128KW, .a128GCMKW: 16
        case .ecdhA192KW, .a192KW, .a192GCMKW: 24
        case .ecdhA256KW, .a256KW, .a256GCMKW: 32
        case .rsaOAEP, .rsaOAEP256, .ecdh, .direct: 0
        }
    }

    /// Whoever made the token has the key that opens it, so that it is as good as signed.
    package var isSymmetric: Bool {
        switch self {
        case .a128KW, .a192KW, .a256KW, .a128GCMKW, .a192GCMKW, .a256GCMKW, .direct: true
        case .rsaOAEP, .rsaOAEP256, .ecdh, .ecdhA128KW, .ecdhA192KW, .ecdhA256KW: false
        }
    }

    /// What a key of this material can be used for.
    static func algorithms(of material: KeyMaterial) -> [KeyManagement] {
        switch material {
        case .rsa: [.rsaOAEP, .rsaOAEP256]
        case .ec: [.ecdh, .ecdhA128KW, .ecdhA192KW, .ecdhA256KW]
        case .okp(let curve, _, _): curve.isForAgreementOnly ? [.ecdh, .ecdhA128KW, .ecdhA192KW, .ecdhA256KW] : []
        case .secret(let secret):
            allCases.filter { $0.isSymmetric && $0.wrapSize == secret.count }
                + (ContentEncryption.allCases.contains { $0.keySize == secret.count } ? [.direct] : [])
        }
    }
}
