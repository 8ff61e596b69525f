package import GatewayCore
package import Primitives

/// The chunked transfer coding (RFC 9112 §7.1), strictly and incrementally. Extensions are checked and dropped.
package struct ChunkedDecoder {
    package enum Event: Equatable {
        /// These bytes of the input are body.
        case data(Range<Int>)
        /// The input is used up.
        case more
        /// The body and its trailer section are complete; the input is used up to the offset.
        case end
        case failed(String)
    }

    private enum State: UInt8 {
        case size, extensions, sizeLineFeed, data, dataReturn, dataLineFeed, trailer, failed, ended
    }

    private var state = State.size
    private var left = 0
    private var digits: UInt8 = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var blankBeforeExtension = false
    private var quoted = false
    private var escaped = false
    private var trailer: ByteBuffer?

    static let longestLine = 1024
    static let mostExtensionBytes = 16 << 10
    static let longestTrailer = 8 << 10

    package init() {}

    /// Works through `bytes` from `at` on, up to the next event.
    package mutating func next(_ bytes: ByteView, at: inout Int) -> Event {
        while at < bytes.count {
            switch state {
            case .size:
                if let event = size(bytes[at]) { return event }
                at += 1
            case .extensions:
                if let event = extensions(bytes[at]) { return event }
                at += 1
            case .sizeLineFeed:
                guard bytes[at] == .lineFeed else { return fail("A chunk size line ends with a bare CR.") }
                at += 1
                state = left == 0 ? .trailer : .data
                digits = 0
                lineBytes = 0
            case .data:
                let count = min(left, bytes.count - at)
                let range = at..<at + count
                left -= count
                at += count
                if left == 0 { state = .dataReturn }
                return .data(range)
            case .dataReturn:
                guard bytes[at] == .carriageReturn else { return fail("A chunk is longer than its size says.") }
                at += 1
                state = .dataLineFeed
            case .dataLineFeed:
                guard bytes[at] == .lineFeed else { return fail("A chunk ends with a bare CR.") }
                at += 1
                state = .size
            case .trailer: return trailerSection(bytes, at: &at)
            case .ended: return .end
            case .failed: return .failed("The body has failed before.")
            }
        }
        return state == .ended ? .end : .more
    }

    /// Reads the trailer section, checked, into `fields`. Fields that must not come late are left out
    /// (RFC 9110 §6.5.1). Nil when there is none.
    package mutating func takeTrailers() -> HeaderFields? {
        guard let trailer, trailer.count > 2 else { return nil }
        let fields = HeaderFields()
        var limits = HeadLimits()
        limits.bytes = ChunkedDecoder.longestTrailer
        guard case .complete = FieldParser.parse(trailer.view, from: 0, limits: limits, into: fields) else { return nil }
        fields.storage.append(trailer.view)
        self.trailer = nil
        for name: StaticString in ChunkedDecoder.forbiddenTrailers { fields.remove(named: ByteView(name)) }
        return fields
    }

    private static let forbiddenTrailers: [StaticString] = [
        "transfer-encoding", "content-length", "host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "via", "forwarded",
        "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-request-id", "authorization", "cookie",
        "set-cookie", "content-encoding", "content-type", "content-range", "cache-control", "max-forwards", "proxy-connection",
        "proxy-authorization", "www-authenticate", "location", "date", "age", "expires", "vary", "retry-after",
    ]

    private mutating func size(_ byte: UInt8) -> Event? {
        if let digit = ASCII.hexValue(byte), !blankBeforeExtension {
            guard digits < 15 else { return fail("A chunk size is too large.") }
            left = left << 4 | Int(digit)
            digits += 1
            return nil
        }
        guard digits > 0 else { return fail("A chunk size is missing or not hexadecimal.") }
        switch byte {
        case .carriageReturn where !blankBeforeExtension: state = .sizeLineFeed
        case UInt8(ascii: ";"):
            state = .extensions
            blankBeforeExtension = false
        case UInt8(ascii: " "), 0x09:
            // White space is allowed there only before an extension, and is bad white space at that.
            blankBeforeExtension = true
            return countLine()
        default: return fail("A chunk size is followed by something else.")
        }
        return nil
    }

    private mutating func extensions(_ byte: UInt8) -> Event? {
        if quoted {
            if escaped { escaped = false } else if byte == UInt8(ascii: "\\") { escaped = true } else if byte == UInt8(ascii: "\"") { quoted = false }
            guard ASCII.isFieldValue(byte) else { return fail("A chunk extension holds a control character.") }
            return countLine()
        }
        if byte == .carriageReturn {
            state = .sizeLineFeed
            return nil
        }
        if byte == UInt8(ascii: "\"") { quoted = true }
        guard ASCII.isToken(byte) || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\"") || ASCII.isBlank(byte)
        else { return fail("A chunk extension is malformed.") }
        return countLine()
    }

    private mutating func countLine() -> Event? {
        lineBytes += 1
        extensionBytes += 1
        guard lineBytes <= ChunkedDecoder.longestLine, extensionBytes <= ChunkedDecoder.mostExtensionBytes else {
            return fail("Chunk extensions are too long.")
        }
        return nil
    }

    private mutating func trailerSection(_ bytes: ByteView, at: inout Int) -> Event {
        // Nearly always the section is empty: "\r\n" and nothing kept.
        if trailer == nil, bytes.count >= at + 2, bytes[at] == .carriageReturn, bytes[at + 1] == .lineFeed {
            at += 2
            state = .ended
            return .end
        }
        let section = trailer ?? ByteBuffer(capacity: 256)
        trailer = section
        let before = section.count
        section.append(bytes[at..<bytes.count])
        let scratch = HeaderFields()
        switch FieldParser.parse(section.view, from: 0, limits: HeadLimits(), into: scratch) {
        case .complete(let end):
            at += end - before
            section.truncate(to: end)
            state = .ended
            return end > ChunkedDecoder.longestTrailer ? fail("The trailer section is too long.") : .end
        case .incomplete:
            at = bytes.count
            return section.count > ChunkedDecoder.longestTrailer ? fail("The trailer section is too long.") : .more
        case .failed(_, let detail): return fail(detail)
        }
    }

    private mutating func fail(_ detail: String) -> Event {
        state = .failed
        return .failed(detail)
    }
}
