import Primitives

/// Writes one record into memory that is large enough for it: what the caller reserved is checked at each step, and what
/// does not fit is cut.
@safe
struct RecordWriter {
    private let base: UnsafeMutableRawPointer?
    private let capacity: Int
    private(set) var count = 0

    /// The bytes that a record with parts of these sizes takes.
    static func size(parts: Int) -> Int { MemoryLayout<AccessRecord>.size + 2 * AccessRecord.Part.allCases.count + parts }

    init(_ memory: UnsafeMutableRawBufferPointer) {
        unsafe base = memory.baseAddress
        capacity = memory.count
    }

    mutating func append(_ record: AccessRecord) {
        guard let base = unsafe base, count + MemoryLayout<AccessRecord>.size <= capacity else { return }
        unsafe base.storeBytes(of: record, toByteOffset: count, as: AccessRecord.self)
        count += MemoryLayout<AccessRecord>.size
    }

    mutating func append(part bytes: ByteView) {
        let length = Swift.min(bytes.count, AccessRecord.longestPart)
        guard let base = unsafe base, count + 2 + length <= capacity else { return }
        unsafe base.storeBytes(of: UInt16(truncatingIfNeeded: length), toByteOffset: count, as: UInt16.self)
        if length > 0, let from = unsafe bytes.buffer.baseAddress {
            unsafe (base + count + 2).copyMemory(from: from, byteCount: length)
        }
        count += 2 + length
    }

    /// Parts that were encoded before; `empty` empty ones when there are none.
    mutating func append(encoded bytes: [UInt8]?, empty: Int) {
        guard let bytes else {
            for _ in 0..<empty { append(part: ByteView()) }
            return
        }
        unsafe bytes.withUnsafeBytes { source in
            guard let base = unsafe base, let from = source.baseAddress, count + source.count <= capacity else { return }
            unsafe (base + count).copyMemory(from: from, byteCount: source.count)
            count += source.count
        }
    }
}
