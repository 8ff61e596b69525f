package import Primitives

/// The one form of a path that is matched, authorised and forwarded (RFC 3986 §6.2.2): escapes of unreserved
/// characters are decoded, other escapes are written in upper case, dot segments are removed. Empty segments stay.
package enum PathNormaliser {
    /// Whether normalising would change nothing. `path` begins with "/".
    package static func isNormal(_ path: ByteView) -> Bool {
        for i in 0..<path.count {
            let byte = path[i]
            if ASCII.isPlainPath(byte) || byte == UInt8(ascii: ".") { continue }
            guard byte == UInt8(ascii: "/") else { return false }
            if i + 1 < path.count, path[i + 1] == UInt8(ascii: ".") { return false }
        }
        return true
    }

    /// Appends the normal form of `path` to `out`, which has room for it. False: the path is malformed.
    package static func normalise(_ path: ByteView, into out: ByteBuffer) -> Bool {
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return false }
        let start = out.count
        var at = 0
        while at < path.count {
            let byte = path[at]
            if byte == UInt8(ascii: "/") {
                endSegment(out, start)
                out.append(byte: byte)
                at += 1
            } else if byte == UInt8(ascii: "%") {
                guard at + 2 < path.count, let high = ASCII.hexValue(path[at + 1]), let low = ASCII.hexValue(path[at + 2]) else { return false }
                let decoded = high << 4 | low
                guard decoded != 0 else { return false }
                if ASCII.isUnreserved(decoded) {
                    out.append(byte: decoded)
                } else {
                    out.append(byte: byte)
                    out.append(byte: ASCII.hexDigit(high))
                    out.append(byte: ASCII.hexDigit(low))
                }
                at += 3
            } else {
                guard ASCII.isPath(byte) || isTolerated(byte) else { return false }
                out.append(byte: byte)
                at += 1
            }
        }
        endSegment(out, start, isLast: true)
        return true
    }

    /// Whether a segment is "." or "..": normalising would take it, and perhaps the one before, away.
    package static func hasDotSegment(_ path: ByteView) -> Bool {
        var start = 0
        while start <= path.count {
            let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
            let segment = path[start..<end]
            if segment == "." || segment == ".." { return true }
            start = end + 1
        }
        return false
    }

    /// Not allowed by the grammar, but sent as they are by browsers (WHATWG URL, path percent-encode set).
    private static func isTolerated(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "|")
    }

    /// Takes "." and ".." back when they are the segment that ends here (RFC 3986 §5.2.4).
    private static func endSegment(_ out: ByteBuffer, _ start: Int, isLast: Bool = false) {
        let written = out.view(start..<out.count)
        var slash = written.count - 1
        while slash >= 0, written[slash] != UInt8(ascii: "/"), written.count - slash <= 3 { slash -= 1 }
        guard slash >= 0, written[slash] == UInt8(ascii: "/") else { return }
        let segment = written[slash + 1..<written.count]
        if segment == "." {
            out.truncate(to: start + slash + (isLast ? 1 : 0))
        } else if segment == ".." {
            var parent = slash - 1
            while parent >= 0, written[parent] != UInt8(ascii: "/") { parent -= 1 }
            out.truncate(to: start + max(parent, 0) + (isLast ? 1 : 0))
        }
    }
}
