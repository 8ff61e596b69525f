import FuzzSupport
import GatewayCore
import HTTPEngine
import Primitives

// The chunked coding: however the bytes are cut, the body, its end and its trailers are the same.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        let whole = decode(bytes) { $0 }
        for size in [1, 2, 3, 7, 64] where size < count { compare(whole, decode(bytes) { min($0, size) }, "pieces of \(size)") }
        for cut in prefixLengths(count, most: 16) where cut > 0 {
            var first = true
            let cutOnce = decode(bytes) { left in
                defer { first = false }
                return first ? cut : left
            }
            compare(whole, cutOnce, "a cut at \(cut)")
        }
        if whole.outcome == "end" { checkTrailers(whole) }
    }
    return 0
}

private struct Decoded {
    var body: [UInt8] = []
    /// `end`, `more` or `failed`.
    var outcome = "more"
    /// How many bytes were used, when the body has ended.
    var used = 0
    var trailers: [String]?
}

/// Decodes in pieces: `piece` answers how many of the bytes that are left come next.
private func decode(_ bytes: ByteView, _ piece: (Int) -> Int) -> Decoded {
    var decoder = ChunkedDecoder()
    var result = Decoded()
    var start = 0
    while start < bytes.count {
        let size = piece(bytes.count - start)
        let isOver = withCopy(bytes[start..<start + size]) { part in
            var at = 0
            while true {
                let before = at
                switch decoder.next(part, at: &at) {
                case .data(let range):
                    check(range.lowerBound >= before && range.upperBound == at && !range.isEmpty, "data outside of what was read")
                    result.body += part[range].array
                case .more:
                    check(at == part.count, "more is asked for before all is used")
                    return false
                case .end:
                    result.outcome = "end"
                    result.used = start + at
                    result.trailers = decoder.takeTrailers().map { fields in
                        checkFields(fields)
                        return text(fields)
                    }
                    return true
                case .failed:
                    result.outcome = "failed"
                    return true
                }
            }
        }
        if isOver { break }
        start += size
    }
    return result
}

private func compare(_ whole: Decoded, _ parts: Decoded, _ how: String) {
    check(whole.outcome == parts.outcome, "as a whole: \(whole.outcome); in \(how): \(parts.outcome)")
    check(whole.body == parts.body, "the bodies differ in \(how)")
    check(whole.used == parts.used, "the end is at \(whole.used) as a whole, at \(parts.used) in \(how)")
    check(whole.trailers == parts.trailers, "the trailers differ in \(how)")
}

private func checkTrailers(_ decoded: Decoded) {
    for line in decoded.trailers ?? [] {
        let name = line.prefix { $0 != ":" }.lowercased()
        check(!["content-length", "transfer-encoding", "host", "authorization", "set-cookie"].contains(name), "\(name) came late")
    }
}
