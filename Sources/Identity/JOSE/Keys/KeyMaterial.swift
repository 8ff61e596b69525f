/// The numbers of a key, as JWK has them (RFC 7518 §6, RFC 8037 §2).
package enum KeyMaterial: Sendable, Equatable {
    /// `oct`: a secret.
    case secret([UInt8])
    case rsa(RSA)
    /// `EC`: coordinates, and the private number, each of the curve's size.
    case ec(EllipticCurve, x: [UInt8], y: [UInt8], d: [UInt8]?)
    /// `OKP`.
    case okp(EllipticCurve, x: [UInt8], d: [UInt8]?)

    /// Numbers without leading zeros, most significant byte first.
    package struct RSA: Sendable, Equatable {
        package var n: [UInt8]
        package var e: [UInt8]
        package var privateNumbers: Private?

        package struct Private: Sendable, Equatable {
            package var d: [UInt8]
            package var p: [UInt8]
            package var q: [UInt8]
            package var dp: [UInt8]
            package var dq: [UInt8]
            package var qi: [UInt8]
        }
    }

    /// `kty`.
    package var type: String {
        switch self {
        case .secret: "oct"
        case .rsa: "RSA"
        case .ec: "EC"
        case .okp: "OKP"
        }
    }

    /// Whether it can sign or decrypt.
    package var isPrivate: Bool {
        switch self {
        case .secret: true
        case .rsa(let rsa): rsa.privateNumbers != nil
        case .ec(_, _, _, let d), .okp(_, _, let d): d != nil
        }
    }

    /// What may be published of it; nil for a secret.
    package var publicPart: KeyMaterial? {
        switch self {
        case .secret: nil
        case .rsa(let rsa): .rsa(RSA(n: rsa.n, e: rsa.e, privateNumbers: nil))
        case .ec(let curve, let x, let y, _): .ec(curve, x: x, y: y, d: nil)
        case .okp(let curve, let x, _): .okp(curve, x: x, d: nil)
        }
    }

    /// The algorithms that a key signs with when nothing narrows them down. A secret takes those whose digest is not longer
    /// than itself (RFC 7518 §3.2).
    package var signatureAlgorithms: [SignatureAlgorithm] {
        switch self {
        case .secret(let bytes): SignatureAlgorithm.allCases.filter { $0.family == .hmac && $0.digestSize <= bytes.count }
        case .rsa: SignatureAlgorithm.allCases.filter { $0.family == .rsa || $0.family == .pss }
        case .ec(let curve, _, _, _): SignatureAlgorithm.allCases.filter { $0.curve == curve }
        case .okp(let curve, _, _): curve.isForAgreementOnly ? [] : [.EdDSA]
        }
    }
}

extension KeyMaterial: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(type) key" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
