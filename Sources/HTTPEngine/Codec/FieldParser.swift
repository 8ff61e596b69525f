import GatewayCore
import Primitives

/// Header and trailer sections (RFC 9112 §5), strictly: no folding, no bare CR or LF, no space before the colon.
enum FieldParser {
    enum Result: Equatable {
        case incomplete
        /// Offset behind the empty line.
        case complete(Int)
        case failed(Reason, String)
    }

    /// Parses fields from `start` to the empty line and notes them in `fields`, as offsets into `bytes`.
    static func parse(_ bytes: ByteView, from start: Int, limits: HeadLimits, into fields: HeaderFields) -> Result {
        guard let base = unsafe bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .incomplete }
        let end = bytes.count
        var at = start
        var count = 0
        while true {
            guard at < end else { return .incomplete }
            let first = unsafe base[at]
            if first == .carriageReturn {
                guard at + 1 < end else { return .incomplete }
                guard unsafe base[at + 1] == .lineFeed else { return .failed(.badHeader, "A bare CR stands in the header.") }
                return .complete(at + 2)
            }
            let nameStart = at
            while at < end, ASCII.isToken(unsafe base[at]) { at += 1 }
            guard at < end else { return .incomplete }
            guard unsafe base[at] == UInt8(ascii: ":"), at > nameStart, at - nameStart <= 0xffff else {
                return .failed(.badHeader, badName(unsafe base[at], empty: at == nameStart))
            }
            let nameEnd = at
            at += 1
            while at < end, ASCII.isBlank(unsafe base[at]) { at += 1 }
            let valueStart = at
            at = unsafe endOfValue(base, at, end)
            guard at < end else { return .incomplete }
            guard unsafe base[at] == .carriageReturn else {
                let what = unsafe base[at] == .lineFeed ? "A line ends with a bare LF." : "A header value holds a control character."
                return .failed(.badHeader, what)
            }
            guard at + 1 < end else { return .incomplete }
            guard unsafe base[at + 1] == .lineFeed else { return .failed(.badHeader, "A bare CR stands in the header.") }
            var valueEnd = at
            while valueEnd > valueStart, ASCII.isBlank(unsafe base[valueEnd - 1]) { valueEnd -= 1 }
            at += 2
            count += 1
            guard count <= limits.fields else { return .failed(.tooManyHeaders, "More than \(limits.fields) header fields.") }
            fields.note(KnownField.named(bytes[nameStart..<nameEnd]), name: nameStart..<nameEnd, value: valueStart..<valueEnd)
        }
    }

    /// Index of the first byte from `at` on that no field value may hold, or `end`. Eight bytes at a time.
    private static func endOfValue(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while at + 8 <= end {
            let word = unsafe UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self)
            // Sets the top bit of each byte that is below 0x20, or is 0x7f.
            let control = (word &- 0x2020_2020_2020_2020) & ~word
            let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
            let isDelete = (delete &- 0x0101_0101_0101_0101) & ~delete
            let stop = (control | isDelete) & 0x8080_8080_8080_8080
            if stop == 0 {
                at += 8
                continue
            }
            at += stop.trailingZeroBitCount / 8
            guard !ASCII.isFieldValue(unsafe base[at]) else {
                at += 1
                continue
            }
            return at
        }
        while at < end, ASCII.isFieldValue(unsafe base[at]) { at += 1 }
        return at
    }

    private static func badName(_ byte: UInt8, empty: Bool) -> String {
        switch byte {
        case UInt8(ascii: ":"): "A header field has no name."
        case UInt8(ascii: " "), 0x09:
            empty ? "A header line begins with white space (obsolete folding)." : "White space stands before the colon of a header field."
        case .lineFeed: "A line ends with a bare LF."
        default: "A header name holds a byte that is not allowed there."
        }
    }
}

extension UInt8 {
    static let carriageReturn: UInt8 = 0x0d
    static let lineFeed: UInt8 = 0x0a
}
