/// The text of an API key that this program makes: `slk_`, eight characters that name it and may be shown, `_`, and 32 characters that
/// nobody may see, of 62: 190 bits.
package struct APIKeyText: Sendable, CustomStringConvertible, CustomReflectable {
    private static let prefix = "slk_"
    private static let idCount = 8
    private static let secretCount = 32
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The whole key.
    package let text: String

    private init(_ text: String) { self.text = text }

    /// A new one.
    package static func random() throws(CryptoError) -> APIKeyText {
        APIKeyText("\(prefix)\(try characters(idCount))_\(try characters(secretCount))")
    }

    /// What may be shown of a key; nil for one that is not of this form.
    package static func id(of key: String) -> String? {
        let bytes = Array(key.utf8)
        let shown = prefix.utf8.count + idCount
        guard bytes.count == shown + 1 + secretCount, key.hasPrefix(prefix), bytes[shown] == UInt8(ascii: "_"),
            bytes[prefix.utf8.count..<shown].allSatisfy(alphabet.contains), bytes[(shown + 1)...].allSatisfy(alphabet.contains)
        else { return nil }
        return String(decoding: bytes[..<shown], as: UTF8.self)
    }

    /// Every character equally likely.
    private static func characters(_ count: Int) throws(CryptoError) -> String {
        var found: [UInt8] = []
        while found.count < count {
            for byte in try Random.bytes(count) where found.count < count && Int(byte) < 256 / alphabet.count * alphabet.count {
                found.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(decoding: found, as: UTF8.self)
    }

    package var description: String { APIKeyText.id(of: text) ?? "key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
