internal import Identity
internal import Primitives

extension Base64URL {
    /// Whether these are only characters of the alphabet, as in tokens (RFC 8555 §8.3).
    static func isToken(_ text: some StringProtocol) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
}
