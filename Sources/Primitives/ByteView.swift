/// A view of bytes that somebody else owns: a piece of an exchange's head, of a loop's read buffer, of a literal.
///
/// Subscripts are checked. A view is two words, is never stored beyond the call that received it, and becomes
/// invalid when its owner's storage changes; whoever must keep bytes copies them (`array`, `string`).
///
/// Public rather than `package`, as `ASCII` is: only public functions are inlined into other targets, and a call for every
/// byte costs parsing and routing up to a third of their time.
@safe
public struct ByteView {
    @usableFromInline let base: UnsafePointer<UInt8>?
    public let count: Int

    /// No bytes.
    @inlinable public init() {
        unsafe base = nil
        count = 0
    }

    @inlinable public init(_ base: UnsafePointer<UInt8>?, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    @inlinable public init(_ buffer: UnsafeRawBufferPointer) {
        unsafe base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        count = buffer.count
    }

    /// The bytes of a literal, which live as long as the process.
    @inlinable public init(_ literal: StaticString) {
        unsafe base = literal.utf8Start
        count = literal.utf8CodeUnitCount
    }

    @inlinable public var isEmpty: Bool { count == 0 }

    /// The byte at `index`. Outside `0..<count` is a mistake of the caller's: it stops a debug build, and reads as 0
    /// otherwise, because no mistake may let a client stop the process.
    @inlinable public subscript(index: Int) -> UInt8 {
        guard UInt(bitPattern: index) < UInt(bitPattern: count) else {
            assertionFailure("ByteView index out of range")
            return 0
        }
        return unsafe base.unsafelyUnwrapped[index]
    }

    /// The bytes of `range`. Outside `0..<count` is a mistake as above, and empty in a release build.
    @inlinable public subscript(range: Range<Int>) -> ByteView {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            assertionFailure("ByteView range out of range")
            return ByteView()
        }
        return unsafe ByteView(base.map { unsafe $0 + range.lowerBound }, count: range.count)
    }

    @inlinable public func dropFirst(_ n: Int) -> ByteView { self[Swift.min(n, count)..<count] }
    @inlinable public func prefix(_ n: Int) -> ByteView { self[0..<Swift.min(n, count)] }

    /// The same bytes for system calls and for parsers; valid as long as the view is.
    @inlinable public var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

    @inlinable public var span: RawSpan {
        @_lifetime(borrow self) get {
            let span = unsafe RawSpan(_unsafeBytes: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    package var array: [UInt8] { unsafe Array(buffer) }

    /// The bytes as UTF-8, malformed sequences replaced.
    package var string: String { unsafe String(decoding: buffer, as: UTF8.self) }
}
