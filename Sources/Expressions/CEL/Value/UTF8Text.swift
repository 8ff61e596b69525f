internal import Primitives

/// Text by code points. A byte that is no part of a well-formed sequence counts as one, so every position has a place.
extension ByteView {
    /// Bytes of the code point at `index`.
    @inline(__always) func width(at index: Int) -> Int { self[index] < 0x80 ? 1 : LinearRegex.decode(self, at: index).width }

    var codePointCount: Int {
        var count = 0, index = 0
        while index < self.count {
            index += width(at: index)
            count += 1
        }
        return count
    }

    /// Byte offset of the code point numbered `place`; the end for their number; nil beyond.
    func byteOffset(ofCodePoint place: Int) -> Int? {
        guard place >= 0, place <= count else { return nil }
        var index = 0
        for _ in 0..<place {
            guard index < count else { return nil }
            index += width(at: index)
        }
        return index
    }

    var isUTF8: Bool {
        var index = 0
        while index < count {
            let (scalar, width) = LinearRegex.decode(self, at: index)
            if scalar == 0xfffd, width == 1 { return false }
            index += width
        }
        return true
    }

    /// Byte offset of the first `part` at or behind `start`.
    func firstOffset(of part: ByteView, from start: Int = 0) -> Int? {
        guard part.count > 0 else { return start <= count ? start : nil }
        var index = start
        while index + part.count <= count {
            guard let hit = firstIndex(of: part[0], from: index), hit + part.count <= count else { return nil }
            if self[hit..<hit + part.count] == part { return hit }
            index = hit + 1
        }
        return nil
    }

    /// Byte offset of the last `part` that begins at or before `end`.
    func lastOffset(of part: ByteView, upTo end: Int) -> Int? {
        guard part.count <= count else { return nil }
        var index = Swift.min(end, count - part.count)
        while index >= 0 {
            if self[index..<index + part.count] == part { return index }
            index -= 1
        }
        return nil
    }

    /// Code points with the property White_Space.
    static func isWhiteSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09...0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
        default: false
        }
    }
}
