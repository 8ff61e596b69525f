internal import Primitives

/// How the machine reads its input.
extension LinearRegex {
    /// In place of a character after the last one: no instruction takes it.
    static let endOfInput: UInt32 = .max
    private static let replacement: UInt32 = 0xfffd

    static func isPrefix(_ prefix: [UInt8], of input: ByteView) -> Bool {
        guard prefix.count <= input.count else { return false }
        for i in 0..<prefix.count where prefix[i] != input[i] { return false }
        return true
    }

    /// The character at `position` (RFC 3629 §4: no overlong forms, no surrogates); U+FFFD of width 1 for a byte that begins none;
    /// `endOfInput` of width 0 at the end.
    static func decode(_ input: ByteView, at position: Int) -> (scalar: UInt32, width: Int) {
        guard position < input.count else { return (endOfInput, 0) }
        let lead = input[position]
        if lead < 0x80 { return (UInt32(lead), 1) }
        let width: Int
        var scalar: UInt32
        var range: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: (width, scalar) = (2, UInt32(lead & 0x1f))
        case 0xe0...0xef: (width, scalar) = (3, UInt32(lead & 0x0f))
        case 0xf0...0xf4: (width, scalar) = (4, UInt32(lead & 0x07))
        default: return (replacement, 1)
        }
        switch lead {
        case 0xe0: range = 0xa0...0xbf
        case 0xed: range = 0x80...0x9f
        case 0xf0: range = 0x90...0xbf
        case 0xf4: range = 0x80...0x8f
        default: break
        }
        guard position + width <= input.count else { return (replacement, 1) }
        for offset in 1..<width {
            let byte = input[position + offset]
            guard range.contains(byte) else { return (replacement, 1) }
            range = 0x80...0xbf
            scalar = scalar << 6 | UInt32(byte & 0x3f)
        }
        return (scalar, width)
    }

    /// Whether the assertion numbered `kind` holds between the bytes before and at `position`.
    static func holds(_ kind: UInt32, _ input: ByteView, _ position: Int) -> Bool {
        switch RegexAssertion(rawValue: UInt8(truncatingIfNeeded: kind)) {
        case .textStart: position == 0
        case .textEnd: position == input.count
        case .lineStart: position == 0 || input[position - 1] == 0x0a
        case .lineEnd: position == input.count || input[position] == 0x0a
        case .wordBoundary: isWord(input, position - 1) != isWord(input, position)
        case .notWordBoundary: isWord(input, position - 1) == isWord(input, position)
        case nil: false
        }
    }

    private static func isWord(_ input: ByteView, _ position: Int) -> Bool {
        guard position >= 0, position < input.count else { return false }
        let byte = input[position]
        return ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_")
    }
}
