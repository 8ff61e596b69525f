import Primitives

/// Writes a URL piece by piece, and escapes each value for the part of the URL where it lands (RFC 3986 §3), so that none can end
/// the part that it stands in.
struct LocationWriter {
    enum Place {
        case scheme, authority, path, query, fragment
    }

    enum Value {
        /// Text: `%` means itself.
        case plain
        /// A piece of a URL, whose escapes stay.
        case escaped
        /// A whole path, which begins with a slash.
        case path
    }

    private let out: ByteBuffer
    private(set) var place: Place
    private var slashes = 0

    init(_ out: ByteBuffer, place: Place) {
        self.out = out
        self.place = place
    }

    /// Text of the configuration: it is what says where the parts begin.
    mutating func write(literal: ByteView) {
        for i in 0..<literal.count { advance(literal[i]) }
        out.append(literal)
    }

    private mutating func advance(_ byte: UInt8) {
        switch (place, byte) {
        case (.scheme, UInt8(ascii: "/")):
            slashes += 1
            if slashes == 2 { place = .authority }
        case (.authority, UInt8(ascii: "/")): place = .path
        case (.authority, UInt8(ascii: "?")), (.path, UInt8(ascii: "?")): place = .query
        case (.authority, UInt8(ascii: "#")), (.path, UInt8(ascii: "#")), (.query, UInt8(ascii: "#")): place = .fragment
        default: break
        }
    }

    /// Text of the request.
    mutating func write(_ value: ByteView, _ kind: Value) {
        if kind == .path, place == .authority { place = .path }
        // A path inside a query is a value like any other, and is escaped once more.
        let keepsEscapes = kind == .escaped || kind == .path && place == .path
        for i in 0..<value.count {
            let byte = value[i]
            let isEscape = keepsEscapes && byte == UInt8(ascii: "%") && LocationWriter.isEscape(value, at: i)
            if isEscape || isPlain(byte) { out.append(byte: byte) } else { escape(byte) }
        }
    }

    /// The request's query, where the URL has none.
    mutating func writeQuery(_ query: ByteView?) {
        guard let query, place != .query, place != .fragment else { return }
        out.append("?")
        place = .query
        for i in 0..<query.count {
            // Everything that may stand in a query separates what the client meant to be separate.
            let byte = query[i]
            let isKept = ASCII.isPath(byte) || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "%") && LocationWriter.isEscape(query, at: i)
            if isKept { out.append(byte: byte) } else { escape(byte) }
        }
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        switch place {
        case .scheme: ASCII.isLetter(byte) || ASCII.isDigit(byte)
        case .authority: ASCII.isUnreserved(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
        case .path: ASCII.isPath(byte)
        case .query, .fragment: ASCII.isUnreserved(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",")
        }
    }

    private func escape(_ byte: UInt8) {
        out.append("%")
        out.append(byte: ASCII.hexDigit(byte >> 4))
        out.append(byte: ASCII.hexDigit(byte & 15))
    }

    private static func isEscape(_ text: ByteView, at index: Int) -> Bool {
        index + 2 < text.count && ASCII.hexValue(text[index + 1]) != nil && ASCII.hexValue(text[index + 2]) != nil
    }
}
