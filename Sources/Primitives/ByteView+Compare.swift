private import Glibc

extension ByteView: Equatable {
    public static func == (a: ByteView, b: ByteView) -> Bool {
        guard a.count == b.count else { return false }
        guard let one = unsafe a.buffer.baseAddress, let other = unsafe b.buffer.baseAddress else { return true }
        return unsafe memcmp(one, other, a.count) == 0
    }
}

extension ByteView {
    @inlinable public static func == (a: ByteView, literal: StaticString) -> Bool { a == ByteView(literal) }

    /// Whether the views are equal when ASCII letters lose their case.
    package func equalsIgnoringCase(_ other: ByteView) -> Bool {
        guard count == other.count else { return false }
        for i in 0..<count where ASCII.lowercase(self[i]) != ASCII.lowercase(other[i]) { return false }
        return true
    }

    package func equalsIgnoringCase(_ literal: StaticString) -> Bool { equalsIgnoringCase(ByteView(literal)) }

    package func hasPrefix(_ other: ByteView) -> Bool { count >= other.count && prefix(other.count) == other }
    package func hasPrefix(_ literal: StaticString) -> Bool { hasPrefix(ByteView(literal)) }

    /// Index of the first `byte`, searched with `memchr`.
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count, start >= 0, let base = unsafe buffer.baseAddress else { return nil }
        guard let hit = unsafe memchr(base + start, Int32(byte), count - start) else { return nil }
        return unsafe UnsafeRawPointer(hit) - base
    }

    package func contains(_ byte: UInt8) -> Bool { firstIndex(of: byte) != nil }

    /// Without spaces and tabs on both ends (OWS, RFC 9110 §5.6.3).
    package var trimmed: ByteView {
        var low = 0, high = count
        while low < high, ASCII.isBlank(self[low]) { low += 1 }
        while high > low, ASCII.isBlank(self[high - 1]) { high -= 1 }
        return self[low..<high]
    }

    /// FNV-1a, 64 bits: for tables that are filled by configuration, not by clients.
    package var hash: UInt64 {
        var h: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in 0..<count { h = (h ^ UInt64(self[i])) &* 0x100_0000_01b3 }
        return h
    }
}

extension ByteView {
    /// Calls `body` with each element of a comma-separated list, trimmed, empty ones left out (RFC 9110 §5.6.1),
    /// until it answers false. Commas inside quoted strings do not separate.
    package func forEachListElement(_ body: (ByteView) -> Bool) {
        var start = 0, i = 0, quoted = false
        while i <= count {
            if i == count || (self[i] == UInt8(ascii: ",") && !quoted) {
                let element = self[start..<i].trimmed
                if !element.isEmpty, !body(element) { return }
                start = i + 1
            } else if self[i] == UInt8(ascii: "\"") {
                quoted.toggle()
            } else if self[i] == UInt8(ascii: "\\"), quoted, i + 1 < count {
                i += 1
            }
            i += 1
        }
    }
}

extension String {
    /// Lends the string's UTF-8 bytes as a view.
    @inlinable public func withView<R>(_ body: (ByteView) -> R) -> R {
        var copy = self
        return copy.withUTF8 { unsafe body(ByteView(UnsafeRawBufferPointer($0))) }
    }
}

extension [UInt8] {
    /// Lends the array's bytes as a view.
    @inlinable public func withView<R>(_ body: (ByteView) -> R) -> R {
        unsafe withUnsafeBytes { unsafe body(ByteView($0)) }
    }
}

extension ByteView {
    /// Where `part`, a piece of this very view, begins; 0 for views of other memory.
    package func offset(of part: ByteView) -> Int {
        guard let base = unsafe buffer.baseAddress, let other = unsafe part.buffer.baseAddress else { return 0 }
        let offset = unsafe other - base
        return offset >= 0 && offset + part.count <= count ? offset : 0
    }
}
