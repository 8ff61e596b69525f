import Primitives

/// Queries as HTML forms write them, and as RFC 9421 §2.2.8 wants them written again.
enum FormText {
    static func forEachPair(_ query: ByteView, _ body: (_ name: ByteView, _ value: ByteView) -> Void) {
        var start = 0
        while start <= query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let pair = query[start..<end]
            start = end + 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            body(pair.prefix(equals), pair.dropFirst(equals + 1))
        }
    }

    /// "+" is a space; malformed escapes stay.
    static func decode(_ text: ByteView, to out: ByteBuffer) {
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "%"), at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]), let low = ASCII.hexValue(text[at + 2]) {
                out.append(byte: high << 4 | low)
                at += 3
            } else {
                out.append(byte: text[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : text[at])
                at += 1
            }
        }
    }

    /// Percent-encodes all but letters, digits and `*-._`; a space is `%20`.
    static func encode(_ bytes: ByteView, to out: ByteBuffer) {
        for i in 0..<bytes.count {
            let byte = bytes[i]
            switch byte {
            case UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): out.append(byte: byte)
            case _ where ASCII.isLetter(byte) || ASCII.isDigit(byte): out.append(byte: byte)
            default:
                out.append(byte: UInt8(ascii: "%"))
                out.append(byte: ASCII.hexDigit(byte >> 4))
                out.append(byte: ASCII.hexDigit(byte & 0xf))
            }
        }
    }
}
