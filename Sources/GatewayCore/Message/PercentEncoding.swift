package import Primitives

extension ByteBuffer {
    /// Percent-encodes what stands behind the first `start` bytes, but for unreserved characters (RFC 3986 §2.3).
    ///
    /// - Parameter keepsEscapes: well-formed escapes stay as they are, because the text has been encoded before.
    package func percentEncode(from start: Int, keepsEscapes: Bool = false) {
        let end = count
        var at = start
        while at < end, ASCII.isUnreserved(view[at]) { at += 1 }
        guard at < end else { return }
        // The rest is written behind itself, then moved to its place.
        let first = at
        reserve(3 * (end - first))
        while at < end {
            let byte = view[at]
            if ASCII.isUnreserved(byte) {
                append(byte: byte)
            } else if keepsEscapes, byte == UInt8(ascii: "%"), at + 2 < end, ASCII.hexValue(view[at + 1]) != nil, ASCII.hexValue(view[at + 2]) != nil
            {
                append(byte: byte)
            } else {
                append(byte: UInt8(ascii: "%"))
                append(byte: ASCII.hexDigit(byte >> 4))
                append(byte: ASCII.hexDigit(byte & 0xf))
            }
            at += 1
        }
        let length = count - end
        for i in 0..<length { replace(at: first + i, with: view[end + i]) }
        truncate(to: first + length)
    }
}
