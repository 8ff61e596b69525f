internal import Primitives

/// Bytes that do not move until all are given up at once.
@safe
final class ExpressionArena {
    private var chunks: [UnsafeMutableRawBufferPointer] = unsafe []
    /// The chunk being filled, and how far.
    private var chunk = 0
    private var used = 0
    /// Bytes of all chunks; a new one has as many as all before it.
    private var total = 0
    private static let smallest = 1_024
    /// Most bytes kept for the next evaluation.
    private static let kept = 65_536

    deinit { releaseAll() }

    /// Gives up all bytes, and the memory when it is much.
    func reset() {
        if total > Self.kept { releaseAll() }
        chunk = 0
        used = 0
    }

    private func releaseAll() {
        unsafe chunks.forEach { unsafe $0.deallocate() }
        unsafe chunks.removeAll()
        total = 0
    }

    func copy(_ bytes: ByteView) -> ByteView { concatenate(bytes, ByteView()) }

    func copy(_ bytes: [UInt8]) -> ByteView { bytes.withView { copy($0) } }

    func concatenate(_ first: ByteView, _ second: ByteView) -> ByteView {
        let count = first.count + second.count
        guard count > 0 else { return ByteView() }
        let room = unsafe allocate(count)
        if !first.isEmpty { unsafe room.copyMemory(from: first.buffer) }
        if !second.isEmpty { unsafe UnsafeMutableRawBufferPointer(rebasing: room[first.count...]).copyMemory(from: second.buffer) }
        return unsafe ByteView(UnsafeRawBufferPointer(room))
    }

    private func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        while unsafe chunk < chunks.count {
            let room = unsafe chunks[chunk]
            if room.count - used >= count {
                defer { used += count }
                return unsafe UnsafeMutableRawBufferPointer(rebasing: room[used..<used + count])
            }
            chunk += 1
            used = 0
        }
        let size = Swift.max(count, total, Self.smallest)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        unsafe chunks.append(room)
        total += size
        used = count
        return unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<count])
    }
}
