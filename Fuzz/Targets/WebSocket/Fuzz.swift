import FuzzSupport
import HTTPEngine
import Primitives
import Reactor

// The frames of a WebSocket: however the bytes are cut, the same passes, and it ends in the same way.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard input.count > 1 else { return }
        // The first byte chooses who sends, and under which limits.
        let sender: WebSocketInspector.Sender = input[0] & 1 == 0 ? .client : .server
        var limits = WebSocketInspector.Limits()
        if input[0] & 2 != 0 { limits.message = 200 }
        if input[0] & 4 != 0 { limits.messagesPerSecond = 3 }
        limits.extensionBits = input[0] & 0x70
        let bytes = input.dropFirst(1)
        let whole = scan(bytes, sender, limits) { $0 }
        check(bytes.array.starts(with: whole.passed), "what passes is not what came")
        for size in [1, 2, 3, 7, 64] where size < bytes.count {
            check(scan(bytes, sender, limits) { min($0, size) } == whole, "pieces of \(size)")
        }
        for cut in prefixLengths(bytes.count, most: 16) where cut > 0 {
            var first = true
            let cutOnce = scan(bytes, sender, limits) { left in
                defer { first = false }
                return first ? cut : left
            }
            check(cutOnce == whole, "a cut at \(cut)")
        }
    }
    return 0
}

private struct Seen: Equatable {
    var passed: [UInt8] = []
    var end = WebSocketInspector.End.more
    var isBetweenFrames = true
}

/// Scans in pieces: `piece` answers how many of the bytes that are left come next.
private func scan(_ bytes: ByteView, _ sender: WebSocketInspector.Sender, _ limits: WebSocketInspector.Limits, _ piece: (Int) -> Int) -> Seen {
    var inspector = WebSocketInspector(from: sender, limits: limits)
    var seen = Seen()
    var start = 0
    while start < bytes.count, seen.end == .more {
        let size = piece(bytes.count - start)
        withCopy(bytes[start..<start + size]) { part in
            let held = inspector.held
            let scan = inspector.scan(part, now: Instant(nanoseconds: 0))
            check(scan.passes <= part.count, "more passes than came")
            if scan.releasesHeld { seen.passed += (0..<held.count).map { held[$0] } }
            seen.passed += part.prefix(scan.passes).array
            seen.end = scan.end
        }
        start += size
    }
    seen.isBetweenFrames = inspector.isBetweenFrames
    return seen
}
