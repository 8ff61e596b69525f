private import Glibc

/// Bytes that grow at the end and are consumed from the front, in memory that stays for the next use.
///
/// Views of its contents are valid until the next append, `consume` that empties it, or `clear`.
@safe
package final class ByteBuffer {
    private var base: UnsafeMutablePointer<UInt8>?
    package private(set) var capacity = 0
    /// Offset of the first byte not consumed, and of the end.
    private var start = 0
    private var end = 0

    package init(capacity: Int = 0) {
        if capacity > 0 { reserve(capacity) }
    }

    deinit { unsafe free(base) }

    package var count: Int { end - start }
    package var isEmpty: Bool { end == start }

    /// All bytes not consumed.
    package var view: ByteView { unsafe ByteView(base.map { unsafe UnsafePointer($0 + start) }, count: end - start) }

    /// The bytes of `range`, counted from the first byte not consumed.
    @inlinable package func view(_ range: Range<Int>) -> ByteView { view[range] }

    /// Makes room for `more` bytes behind the end.
    package func reserve(_ more: Int) {
        if end + more <= capacity { return }
        grow(more)
    }

    @inline(never) private func grow(_ more: Int) {
        if start > 0, let base = unsafe base {
            unsafe memmove(base, base + start, end - start)
            end -= start
            start = 0
            if end + more <= capacity { return }
        }
        var wanted = Swift.max(64, capacity * 2)
        while wanted < end + more { wanted *= 2 }
        guard let grown = unsafe realloc(base, wanted) else { return outOfMemory() }
        unsafe base = grown.assumingMemoryBound(to: UInt8.self)
        capacity = wanted
    }

    package func append(_ bytes: ByteView) {
        guard bytes.count > 0, let from = unsafe bytes.buffer.baseAddress else { return }
        reserve(bytes.count)
        guard let base = unsafe base else { return }
        unsafe memcpy(base + end, from, bytes.count)
        end += bytes.count
    }

    package func append(_ literal: StaticString) { append(ByteView(literal)) }

    package func append(_ text: String) { text.withView { append($0) } }

    package func append(byte: UInt8) {
        reserve(1)
        unsafe base?[end] = byte
        end += 1
    }

    /// Decimal digits of `number` (0 or more).
    package func append(decimal number: Int) { Decimal.with(number) { append($0) } }

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

    /// Lends at least `minimum` writable bytes behind the end; `body` answers how many it filled.
    package func appendUninitialized(_ minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(minimum)
        guard let base = unsafe base else { return }
        let filled = unsafe body(UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
        end += Swift.min(Swift.max(0, filled), capacity - end)
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
    package func clear() {
        start = 0
        end = 0
    }

    /// Forgets everything and gives the memory back when it is larger than `most`.
    package func shrink(to most: Int) {
        clear()
        guard capacity > most else { return }
        unsafe free(base)
        unsafe base = nil
        capacity = 0
    }

    /// Memory is gone: the one failure that nothing above could handle.
    private func outOfMemory() { abort() }
}
