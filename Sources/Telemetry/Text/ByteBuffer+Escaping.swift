import Primitives

extension ByteBuffer {
    /// Appends `bytes` as the inside of a JSON string (RFC 8259 §7). What is not UTF-8 becomes the four characters
    /// `\xHH`, byte by byte, so that a line always is valid JSON and nothing is lost.
    func append(jsonEscaped bytes: ByteView) {
        var at = 0
        var plain = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                at += 1
                continue
            }
            let length = bytes.utf8Length(at: at)
            if byte >= 0x80, length > 0 {
                at += length
                continue
            }
            append(bytes[plain..<at])
            appendJSONEscape(byte)
            at += 1
            plain = at
        }
        append(bytes[plain..<at])
    }

    private func appendJSONEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0a: append("\\n")
        case 0x0d: append("\\r")
        case 0x09: append("\\t")
        case 0x80...: append("\\\\x"); appendHex(byte)
        default: append("\\u00"); appendHex(byte)
        }
    }

    /// Appends `bytes` for the inside of quotes: quotes, backslashes, control and non-ASCII bytes as `\xHH`.
    func append(quotedEscaped bytes: ByteView) { append(bytes) { $0 >= 0x20 } }

    /// The same for a value without quotes: blanks are escaped too.
    func append(wordEscaped bytes: ByteView) { append(bytes) { $0 > 0x20 } }

    private func append(_ bytes: ByteView, plainFrom isPlain: (UInt8) -> Bool) {
        for i in 0..<bytes.count {
            let byte = bytes[i]
            if isPlain(byte), byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                append(byte: byte)
            } else {
                append("\\x")
                appendHex(byte)
            }
        }
    }

    /// Two digits, lower case.
    func appendHex(_ byte: UInt8) {
        for digit in [byte >> 4, byte & 0xf] { append(byte: digit < 10 ? 0x30 + digit : 0x57 + digit) }
    }

    /// Nanoseconds as seconds with six decimals, cut.
    func append(seconds nanoseconds: UInt64) {
        append(decimal: Int(clamping: nanoseconds / 1_000_000_000))
        append(byte: UInt8(ascii: "."))
        append(padded: Int(nanoseconds % 1_000_000_000 / 1000), 6)
    }

    /// The last `width` digits of `number`, with leading zeros.
    func append(padded number: Int, _ width: Int) {
        var divisor = 1
        for _ in stride(from: 1, to: width, by: 1) { divisor *= 10 }
        for _ in 0..<width {
            append(byte: UInt8(truncatingIfNeeded: 0x30 + number / divisor % 10))
            divisor /= 10
        }
    }
}

extension ByteView {
    /// The length of the well-formed UTF-8 sequence of two to four bytes at `index`; 0 when there is none (Unicode 15,
    /// table 3-7).
    func utf8Length(at index: Int) -> Int {
        let first = self[index]
        let length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
        guard length > 0, index + length <= count else { return 0 }
        let second = self[index + 1]
        let range: ClosedRange<UInt8> =
            switch first {
            case 0xe0: 0xa0...0xbf
            case 0xed: 0x80...0x9f
            case 0xf0: 0x90...0xbf
            case 0xf4: 0x80...0x8f
            default: 0x80...0xbf
            }
        guard range.contains(second) else { return 0 }
        for i in 2..<Swift.max(2, length) where self[index + i] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
