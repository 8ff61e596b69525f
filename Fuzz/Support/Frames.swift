/// How many frames of HTTP/2 have that type, as long as lengths can be believed.
package func frames(ofType type: UInt8, in bytes: [UInt8]) -> Int {
    var at = 0, count = 0
    while at + 9 <= bytes.count {
        if bytes[at + 3] == type { count += 1 }
        at += 9 + Int(bytes[at]) << 16 + Int(bytes[at + 1]) << 8 + Int(bytes[at + 2])
    }
    return count
}

/// The session counts a CONTINUATION frame once for each read that its head is spread over: so many are no flood in any way.
package let harmlessContinuations = 128 / 9
