/// Base64 for names and URLs, without padding (RFC 4648 §5), as JWS and ACME write all bytes.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0, pending: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xffff
            pending += 8
            while pending >= 6 {
                pending -= 6
                text.append(alphabet[Int(bits >> pending & 63)])
            }
        }
        if pending > 0 { text.append(alphabet[Int(bits << (6 - pending) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything but the one text that stands for some bytes. Padding, which some authorities hand out with their
    /// keys, may be there.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0, pending: UInt32 = 0
        for digit in text.utf8.reversed().drop(while: { $0 == UInt8(ascii: "=") }).reversed() {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xfff
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> pending))
            }
        }
        guard pending < 6, bits & ((1 << pending) - 1) == 0 else { return nil }
        return bytes
    }

    /// Whether these are only characters of the alphabet, as in tokens (RFC 8555 §8.3).
    static func isToken(_ text: some StringProtocol) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { alphabet.contains($0) }
    }
}
