package import Primitives

/// Ends the process, so that libFuzzer keeps the input, when something that must always hold does not.
package func check(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { fatalError(what()) }
}

/// Lends the fuzzer's input as the bytes that the gateway's parsers take, in memory of exactly that size, so that the
/// address sanitizer sees every read beyond the end.
package func withInput(_ start: UnsafePointer<UInt8>?, _ count: Int, _ body: (ByteView) -> Void) {
    body(ByteView(start, count: count))
}

/// Lends a copy of `bytes` in memory of exactly its size.
package func withCopy<R>(_ bytes: ByteView, _ body: (ByteView) -> R) -> R {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    defer { copy.deallocate() }
    for i in 0..<bytes.count { copy[i] = bytes[i] }
    return body(ByteView(UnsafePointer(copy), count: bytes.count))
}

/// At most `most` lengths of prefixes of `count` bytes, spread evenly; all of them when they are few.
package func prefixLengths(_ count: Int, most: Int = 24) -> [Int] {
    guard count > most else { return Array(0..<count) }
    return (0..<most).map { $0 * count / most }
}
