import Primitives

/// Records that travel together from a loop to the writer. Belongs to one side at a time: whoever hands it over does
/// not touch it again.
final class LogBatch: @unchecked Sendable {
    let bytes = ByteBuffer(capacity: LogBatch.full + 4096)
    /// The number of records in `bytes`.
    var records = 0

    /// Bytes from which on a batch is handed over at the end of a turn.
    static let full = 16 << 10

    func clear() {
        bytes.shrink(to: 8 * LogBatch.full)
        records = 0
    }
}
