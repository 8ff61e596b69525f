import CNghttp2
import GatewayCore
import Primitives

/// The list of fields that a session is given to compress. Reused from one message to the next.
///
/// The pairs point into the memory of those who added them, so they are handed over in the same call; the session copies
/// them, and writes names in lower case.
@safe
final class FieldBlock {
    private var pairs: ContiguousArray<nghttp2_nv> = unsafe []
    /// Digits that stand in no other memory.
    private let digits = ByteBuffer(capacity: 128)

    init() { unsafe pairs.reserveCapacity(32) }

    func clear() {
        unsafe pairs.removeAll(keepingCapacity: true)
        digits.clear()
    }

    func append(_ name: StaticString, _ value: ByteView) { append(ByteView(name), value) }

    /// - Parameter isUnique: the value will not come again, so it must not push out of the compression table what will.
    func append(_ name: ByteView, _ value: ByteView, isUnique: Bool = false) {
        let flags = isUnique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
        unsafe pairs.append(
            nghttp2_nv(
                name: FieldBlock.pointer(name), value: FieldBlock.pointer(value), namelen: name.count, valuelen: value.count,
                flags: UInt8(flags.rawValue)))
    }

    /// At most five numbers in a block: their digits must not move.
    func append(_ name: StaticString, decimal number: Int) {
        let start = digits.count
        guard start + 20 <= digits.capacity else { return assertionFailure("too many numbers") }
        digits.append(decimal: number)
        append(name, digits.view(start..<digits.count))
    }

    /// Adds what belongs to the message: no framing, nothing that speaks of one connection (RFC 9113 §8.2.2).
    func append(_ fields: HeaderFields) {
        for i in 0..<fields.count where !fields.isRemoved(at: i) {
            let known = fields.known(at: i)
            switch known {
            case .contentLength, .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings: continue
            default: append(fields.name(at: i), fields.value(at: i), isUnique: known == .xRequestID)
            }
        }
    }

    /// Lends the pairs.
    func withPairs<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
        unsafe pairs.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
    }

    /// The session reads only, whatever its declarations say.
    private static func pointer(_ bytes: ByteView) -> UnsafeMutablePointer<UInt8>? {
        unsafe UnsafeMutablePointer(mutating: bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
}
