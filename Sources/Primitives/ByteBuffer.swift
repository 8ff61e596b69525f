private import Glibc

/// Bytes that grow at the end and are consumed from the front, in memory that stays for the next use.
///
/// Views of its contents are valid until the next append, `consume` that empties it, or `clear`.
@safe
public final class ByteBuffer {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    @usableFromInline var room = 0
    /// Offset of the first byte not consumed, and of the end.
    @usableFromInline var start = 0
    @usableFromInline var end = 0

    package init(capacity: Int = 0) {
        if capacity > 0 { reserve(capacity) }
    }

    deinit { unsafe free(base) }

    /// Bytes that fit without asking for memory, consumed ones included.
    package var capacity: Int { room }
    @inlinable public var count: Int { end - start }
    @inlinable public var isEmpty: Bool { end == start }

    /// All bytes not consumed.
    @inlinable public var view: ByteView { unsafe ByteView(base.map { unsafe UnsafePointer($0 + start) }, count: end - start) }

    /// The bytes of `range`, counted from the first byte not consumed.
    @inlinable public func view(_ range: Range<Int>) -> ByteView { view[range] }

    /// Makes room for `more` bytes behind the end.
    @inlinable public func reserve(_ more: Int) {
        if end + more <= room { return }
        grow(more)
    }

    @inline(never) @usableFromInline func grow(_ more: Int) {
        if start > 0, let base = unsafe base {
            unsafe memmove(base, base + start, end - start)
            end -= start
            start = 0
            if end + more <= room { return }
        }
        var wanted = Swift.max(64, room * 2)
        while wanted < end + more { wanted *= 2 }
        guard let grown = unsafe realloc(base, wanted) else { return outOfMemory() }
        unsafe base = grown.assumingMemoryBound(to: UInt8.self)
        room = wanted
    }

    @inlinable public func append(_ bytes: ByteView) {
        guard bytes.count > 0, let from = unsafe bytes.base else { return }
        reserve(bytes.count)
        guard let base = unsafe base else { return }
        unsafe (base + end).update(from: from, count: bytes.count)
        end += bytes.count
    }

    /// Appends one behind the other; where the first begins.
    package func append(_ first: ByteView, _ second: ByteView) -> Int {
        let place = end - start
        reserve(first.count + second.count)
        append(first)
        append(second)
        return place
    }

    @inlinable public func append(_ literal: StaticString) { append(ByteView(literal)) }

    package func append(text: String) { text.withView { append($0) } }

    @inlinable public func append(byte: UInt8) {
        reserve(1)
        unsafe base?[end] = byte
        end += 1
    }

    /// Decimal digits of `number` (0 or more).
    package func append(decimal number: Int) {
        var rest = UInt64(Swift.max(0, number))
        var digits = 1
        var bound: UInt64 = 10
        while digits < 19, rest >= bound {
            digits += 1
            bound *= 10
        }
        reserve(digits)
        guard let base = unsafe base else { return }
        for i in stride(from: end + digits - 1, through: end, by: -1) {
            unsafe base[i] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        end += digits
    }

    /// Hexadecimal digits of `number` (0 or more), lower case, no leading zeros.
    package func append(hexadecimal number: Int) {
        var shift = 60
        while shift > 0, (number >> shift) & 0xf == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: (number >> shift) & 0xf)
            append(byte: digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
    }

    /// Makes `count` bytes at the end, and lends them to be written.
    @inlinable package func appendUninitialized(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
        reserve(count)
        end += count
        return unsafe base.map { unsafe $0 + (end - count) }
    }

    /// Lends at least `minimum` writable bytes behind the end; `body` answers how many it filled.
    package func appendUninitialized(_ minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(minimum)
        guard let base = unsafe base else { return }
        let filled = unsafe body(UnsafeMutableRawBufferPointer(start: base + end, count: room - end))
        end += Swift.min(Swift.max(0, filled), room - end)
    }

    /// Replaces the byte at `index` (counted from the first byte not consumed); out of range is ignored.
    package func replace(at index: Int, with byte: UInt8) {
        guard index >= 0, index < count else { return }
        unsafe base?[start + index] = byte
    }

    /// Forgets the first `n` bytes.
    package func consume(_ n: Int) {
        start += Swift.min(n, count)
        if start == end { clear() }
    }

    /// Forgets everything behind the first `n` bytes.
    package func truncate(to n: Int) { end = Swift.min(end, start + n) }

    /// Forgets everything, keeps the memory.
    @inlinable public func clear() {
        start = 0
        end = 0
    }

    /// Forgets everything and gives the memory back when it is larger than `most`.
    package func shrink(to most: Int) {
        clear()
        guard room > most else { return }
        unsafe free(base)
        unsafe base = nil
        room = 0
    }

    /// Gives back the memory behind the end. Views become invalid.
    package func trim() {
        guard room > end, end > 0, let smaller = unsafe realloc(base, end) else { return }
        unsafe base = smaller.assumingMemoryBound(to: UInt8.self)
        room = end
    }

    /// Memory is gone: the one failure that nothing above could handle.
    private func outOfMemory() { abort() }
}
