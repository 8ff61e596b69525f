private import Primitives

/// Literal text of patterns, brought into the form that requests have when they are matched.
enum PathText {
    /// Bounds the depth of the tree, so the recursion over it.
    static let segmentLimit = 64

    /// Escapes in upper case, unreserved characters decoded (RFC 3986 §6.2.2), what may not stand in a path escaped: `/caffè` becomes
    /// `/caff%C3%A8`. Refuses what no normalised path holds. `whole` is the text for messages, `text` itself when nil.
    static func normalise(_ text: String, what: String, in whole: String? = nil) throws(PatternError) -> String {
        let name = "\(what) \"\(whole ?? text)\""
        guard !text.contains("?"), !text.contains("#") else {
            throw PatternError("\(name) holds a \"?\" or \"#\": a path ends there; match the query with `query`")
        }
        let bytes = Array(text.utf8)
        var normal: [UInt8] = []
        var i = 0
        while i < bytes.count {
            let byte = bytes[i]
            if byte == UInt8(ascii: "%") {
                guard i + 2 < bytes.count, let high = ASCII.hexValue(bytes[i + 1]), let low = ASCII.hexValue(bytes[i + 2]) else {
                    throw PatternError("\(name) holds a \"%\" that two hexadecimal digits do not follow; write %25 for the character")
                }
                let value = high << 4 | low
                if ASCII.isUnreserved(value) { normal.append(value) } else { escape(value, into: &normal) }
                i += 3
            } else {
                if ASCII.isPath(byte) { normal.append(byte) } else { escape(byte, into: &normal) }
                i += 1
            }
        }
        let result = String(decoding: normal, as: UTF8.self)
        guard !result.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw PatternError("\(name) holds a \".\" or \"..\" segment: requests never do when they are matched")
        }
        return result
    }

    /// "" for none, else "/…" without a "/" at its end.
    static func normaliseBase(_ text: String) throws(PatternError) -> String {
        if text.isEmpty || text == "/" { return "" }
        guard text.hasPrefix("/") else { throw PatternError("basePath \"\(text)\" must begin with \"/\"") }
        guard !text.contains("{"), !text.contains("}"), !text.contains("*") else {
            throw PatternError("basePath \"\(text)\" must be literal: parameters and \"*\" belong to `path` of the routes")
        }
        var base = try normalise(text, what: "basePath")
        if base.hasSuffix("/") { base.removeLast() }
        guard segments(base).count <= segmentLimit, base.utf8.count <= 4_096 else {
            throw PatternError("basePath \"\(text)\" has more than \(segmentLimit) segments or 4,096 bytes")
        }
        return base
    }

    /// `/a/b/` is "a", "b", ""; "" is none.
    static func segments(_ path: String) -> [Substring] {
        path.isEmpty ? [] : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "%"))
        bytes.append(ASCII.hexDigit(byte >> 4))
        bytes.append(ASCII.hexDigit(byte & 15))
    }
}
