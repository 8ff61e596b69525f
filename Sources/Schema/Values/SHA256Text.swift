import Primitives

/// A SHA-256 as it stands in a file: `sha256:` and 64 hexadecimal digits, in pairs with colons between them if one likes.
package struct SHA256Text: SettingValue {
    /// The hash, its first byte the highest of the first word.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    package init?(parsing text: String) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix) else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var digits = 0
        var colonMayCome = false
        for byte in text.utf8.dropFirst(prefix.utf8.count) {
            if byte == UInt8(ascii: ":"), colonMayCome {
                colonMayCome = false
                continue
            }
            guard let value = ASCII.hexValue(byte), digits < 64 else { return nil }
            switch digits / 16 {
            case 0: words.0 = words.0 << 4 | UInt64(value)
            case 1: words.1 = words.1 << 4 | UInt64(value)
            case 2: words.2 = words.2 << 4 | UInt64(value)
            default: words.3 = words.3 << 4 | UInt64(value)
            }
            digits += 1
            colonMayCome = digits % 2 == 0 && digits < 64
        }
        guard digits == 64 else { return nil }
        self.words = words
    }

    package static var shape: SettingShape {
        .text(name: "SHA-256", pattern: "^sha256:([0-9A-Fa-f]{2}:?){32}$", examples: [])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> SHA256Text? {
        if let text = node.text, let value = SHA256Text(parsing: text) { return value }
        // What stands there may be the secret itself.
        context.error(node, "expected `sha256:` and 64 hexadecimal digits")
        return nil
    }

    package var text: String {
        var digits: [UInt8] = []
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 60, through: 0, by: -4) { digits.append(ASCII.hexDigit(UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15)) }
        }
        return "sha256:" + String(decoding: digits, as: UTF8.self).lowercased()
    }

    package var encoded: JSONValue { .string(text) }
    package static func == (a: SHA256Text, b: SHA256Text) -> Bool { a.words == b.words }
}

extension SHA256Text: Hashable {
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
