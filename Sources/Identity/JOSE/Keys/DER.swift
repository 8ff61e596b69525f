/// Writes what little of ASN.1's distinguished encoding (X.690) keys and signatures need.
enum DER {
    static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }
    static func bitString(_ bytes: [UInt8]) -> [UInt8] { element(0x03, [0] + bytes) }
    static func octetString(_ bytes: [UInt8]) -> [UInt8] { element(0x04, bytes) }
    /// `[number]`, explicit.
    static func tagged(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { element(0xa0 | number, content) }

    /// A number that is not negative, most significant byte first.
    static func integer(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let digits = bytes.drop { $0 == 0 }
        guard let first = digits.first else { return [0x02, 1, 0] }
        return element(0x02, (first & 0x80 == 0 ? [] : [0]) + digits)
    }

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var head = [tag]
        let count = content.count
        if count < 0x80 {
            head.append(UInt8(truncatingIfNeeded: count))
        } else {
            let size = (Int.bitWidth - count.leadingZeroBitCount + 7) / 8
            head.append(0x80 | UInt8(truncatingIfNeeded: size))
            for place in stride(from: size - 1, through: 0, by: -1) { head.append(UInt8(truncatingIfNeeded: count >> (8 * place))) }
        }
        return head + content
    }

    // MARK: Names

    /// `rsaEncryption` with its parameters, NULL (RFC 3279 §2.3.1).
    static let rsa: [UInt8] = sequence([0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], [0x05, 0])
    /// `id-ecPublicKey` (RFC 5480 §2.1.1).
    static let ec: [UInt8] = [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]

    /// The name of a curve (RFC 5480 §2.1.1.1, RFC 8410 §3).
    static func name(of curve: EllipticCurve) -> [UInt8] {
        switch curve {
        case .p256: [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]
        case .p384: [0x06, 5, 0x2b, 0x81, 0x04, 0, 0x22]
        case .p521: [0x06, 5, 0x2b, 0x81, 0x04, 0, 0x23]
        case .x25519: [0x06, 3, 0x2b, 0x65, 0x6e]
        case .x448: [0x06, 3, 0x2b, 0x65, 0x6f]
        case .ed25519: [0x06, 3, 0x2b, 0x65, 0x70]
        case .ed448: [0x06, 3, 0x2b, 0x65, 0x71]
        }
    }
}
