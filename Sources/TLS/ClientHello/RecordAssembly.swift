import Primitives

/// Finds one handshake message in the records at the beginning of a connection (RFC 8446 §5.1).
struct RecordAssembly {
    private let bytes: ByteView
    private var at = 0
    private var records = 0

    enum Step {
        case incomplete, notTLS, more
        case malformed(StaticString)
        /// The message without its header.
        case message(ByteView)
    }

    private static let headerBytes = 5
    private static let mostInRecord = 16 << 10

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// Reads one record further. `scratch` is used from the second one on.
    mutating func next(into scratch: ByteBuffer) -> Step {
        let rest = bytes.dropFirst(at)
        if let wrong = RecordAssembly.header(rest, isFirst: records == 0) { return wrong }
        let length = Int(rest[3]) << 8 | Int(rest[4])
        guard length > 0, length <= RecordAssembly.mostInRecord else { return .malformed("A record has an impossible length.") }
        let fragment = rest[RecordAssembly.headerBytes..<min(rest.count, RecordAssembly.headerBytes + length)]
        let isWhole = fragment.count == length
        if records == 0 {
            let step = RecordAssembly.message(fragment)
            guard case .more = step else { return step }
            guard isWhole else { return .incomplete }
            scratch.clear()
            scratch.append(fragment)
        } else {
            scratch.append(fragment)
            let step = RecordAssembly.message(scratch.view)
            guard case .more = step else { return step }
            guard isWhole else { return .incomplete }
        }
        at += RecordAssembly.headerBytes + length
        records += 1
        return .more
    }

    /// What is wrong with the header of a record, as soon as its first bytes say so.
    private static func header(_ rest: ByteView, isFirst: Bool) -> Step? {
        if rest.count > 0, rest[0] != 22 { return isFirst ? .notTLS : .malformed("A record of another kind interrupts the ClientHello.") }
        if rest.count > 1, rest[1] != 3 { return isFirst ? .notTLS : .malformed("A record has another version.") }
        return rest.count < headerBytes ? .incomplete : nil
    }

    /// The message at the beginning of what has been put together; `.more` while it is not complete.
    private static func message(_ bytes: ByteView) -> Step {
        if bytes.count > 0, bytes[0] != 1 { return .malformed("The first message is no ClientHello.") }
        guard bytes.count >= 4 else { return .more }
        let length = Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        guard length <= ClientHello.mostBytes - 4 else { return .malformed("The ClientHello is too long.") }
        return bytes.count >= 4 + length ? .message(bytes[4..<4 + length]) : .more
    }
}
