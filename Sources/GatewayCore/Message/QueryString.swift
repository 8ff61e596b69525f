package import Primitives

/// `application/x-www-form-urlencoded` queries.
package enum QueryString {
    /// Calls `body` with the decoded value of each parameter called `name`, until it answers false.
    package static func forEach(_ query: ByteView, named name: ByteView, _ body: (ByteView) -> Bool) {
        forEachPair(query) { candidate, value in
            guard decoded(candidate, { $0 == name }) else { return true }
            return decoded(value, body)
        }
    }

    /// Calls `body` with the decoded name and value of each parameter, in order.
    package static func forEach(_ query: ByteView, _ body: (_ name: ByteView, _ value: ByteView) -> Void) {
        forEachPair(query) { name, value in
            decoded(name) { name in decoded(value) { body(name, $0) } }
            return true
        }
    }

    /// Calls `body` with name and value of each parameter as they stand in the query, until it answers false.
    package static func forEachPair(_ query: ByteView, _ body: (_ name: ByteView, _ value: ByteView) -> Bool) {
        forEachPiece(query) { pair in
            guard !pair.isEmpty else { return true }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            return body(pair.prefix(equals), pair.dropFirst(equals + 1))
        }
    }

    /// Calls `body` with what stands between the ampersands, empty pieces included, until it answers false.
    package static func forEachPiece(_ query: ByteView, _ body: (ByteView) -> Bool) {
        var start = 0
        while start <= query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            guard body(query[start..<end]) else { return }
            start = end + 1
        }
    }

    /// How many bytes of `text`, from its start, decode to `name`; nil if it does not begin so. Needs no memory.
    package static func prefix(of text: ByteView, decodingTo name: ByteView) -> Int? {
        var at = 0
        for i in 0..<name.count {
            guard at < text.count else { return nil }
            var byte = text[at]
            var length = 1
            if byte == UInt8(ascii: "%"), at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]), let low = ASCII.hexValue(text[at + 2]) {
                byte = high << 4 | low
                length = 3
            } else if byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            guard byte == name[i] else { return nil }
            at += length
        }
        return at
    }

    /// Lends the bytes with "+" and escapes decoded; malformed escapes stay.
    package static func decoded<R>(_ text: ByteView, _ body: (ByteView) -> R) -> R {
        guard text.contains(UInt8(ascii: "%")) || text.contains(UInt8(ascii: "+")) else { return body(text) }
        let out = ByteBuffer(capacity: text.count)
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "%"), at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]),
                let low = ASCII.hexValue(text[at + 2])
            {
                out.append(byte: high << 4 | low)
                at += 3
            } else {
                out.append(byte: text[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : text[at])
                at += 1
            }
        }
        return body(out.view)
    }
}
