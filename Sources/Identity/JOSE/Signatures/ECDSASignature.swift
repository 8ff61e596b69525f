/// A signature on a curve as JWS has it, two numbers side by side (RFC 7518 §3.4), and as OpenSSL has it (RFC 3279 §2.2.3).
enum ECDSASignature {
    static func der(_ raw: [UInt8]) -> [UInt8] {
        let half = raw.count / 2
        return DER.sequence(DER.integer(raw.prefix(half)), DER.integer(raw.dropFirst(half)))
    }

    /// Nil when `der` is none, or a number is longer than `size` bytes.
    static func raw(_ der: [UInt8], size: Int) -> [UInt8]? {
        var rest = der[...]
        guard element(0x30, &rest).map({ rest = $0 }) != nil, let r = element(0x02, &rest), let s = element(0x02, &rest), rest.isEmpty else {
            return nil
        }
        var raw: [UInt8] = []
        for number in [r, s] {
            let digits = number.drop { $0 == 0 }
            guard digits.count <= size else { return nil }
            raw += [UInt8](repeating: 0, count: size - digits.count) + digits
        }
        return raw
    }

    /// The content of the element at the front, which is taken off. No signature has 256 bytes.
    private static func element(_ tag: UInt8, _ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.popFirst() == tag, var count = bytes.popFirst() else { return nil }
        if count == 0x81, let long = bytes.popFirst(), long >= 0x80 { count = long } else if count >= 0x80 { return nil }
        guard bytes.count >= Int(count) else { return nil }
        defer { bytes = bytes.dropFirst(Int(count)) }
        return bytes.prefix(Int(count))
    }
}
