import Primitives

/// One record of a batch: these numbers, then `AccessRecord.Part` times a length (two bytes) and that many bytes.
///
/// Only this process reads it: byte order and layout are the machine's.
struct AccessRecord: BitwiseCopyable {
    enum Kind: UInt8 { case exchange = 1, connection = 2 }

    /// The variable parts, in the order in which they follow.
    enum Part: Int, CaseIterable {
        case listener, api, route, upstream, endpoint, method, host, target, userAgent, referer, requestID
        /// Who calls, and by which credential: what that is called, never the credential itself.
        case consumer, credential
        /// Of policies, packed by `LogMember`.
        case members
    }

    /// Nanoseconds since 1970 at which the exchange, or the failure of a connection, began.
    var time: UInt64 = 0
    var duration: UInt64 = 0
    /// `.max` when no upstream was asked.
    var upstreamDuration: UInt64 = .max
    var clientHigh: UInt64 = 0
    var clientLow: UInt64 = 0
    var idHigh: UInt64 = 0
    var idLow: UInt64 = 0
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0
    var status: UInt16 = 0
    var kind: UInt8 = 0
    var attempts: UInt8 = 0
    var majorVersion: UInt8 = 1
    var minorVersion: UInt8 = 1
    /// The number of a `Reason`; `noReason` for none.
    var reason: UInt8 = AccessRecord.noReason

    static let noReason: UInt8 = .max
    /// A part that is longer is cut.
    static let longestPart = Int(UInt16.max)

    /// A part as it stands in a record.
    static func encode(_ text: String) -> [UInt8] {
        let bytes = text.utf8.prefix(longestPart)
        return unsafe withUnsafeBytes(of: UInt16(truncatingIfNeeded: bytes.count)) { unsafe Array($0) } + bytes
    }
}

/// Walks the records of a batch.
struct AccessRecordReader {
    private let bytes: ByteView
    private var at = 0

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// The next record's numbers; its parts follow. Nil at the end.
    mutating func next() -> AccessRecord? {
        let size = MemoryLayout<AccessRecord>.size
        guard bytes.count - at >= size else { return nil }
        let record = unsafe bytes[at..<at + size].buffer.loadUnaligned(as: AccessRecord.self)
        at += size
        return record
    }

    mutating func part() -> ByteView {
        guard bytes.count - at >= 2 else { return ByteView() }
        let length = unsafe bytes[at..<at + 2].buffer.loadUnaligned(as: UInt16.self)
        let count = Swift.min(Int(length), bytes.count - at - 2)
        at += 2 + count
        return bytes[at - count..<at]
    }
}
