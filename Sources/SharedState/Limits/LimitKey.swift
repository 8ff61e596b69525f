internal import Primitives

/// What a table knows of a key: 128 bits of SipHash-1-3 under a secret of the process. Nobody outside can find two keys that
/// share a counter, and two of a billion keys share one by chance once in 10^20 processes; so the bytes themselves are not kept.
///
/// J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), in its 128-bit form; one round a word and three at the
/// end, as the hash tables of Swift and Rust use it.
struct LimitKey: Hashable {
    let low: UInt64, high: UInt64

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    init(_ bytes: ByteView, _ secret: Secret) {
        var hash = SipState(secret)
        let whole = bytes.count & ~7
        var place = 0
        while place < whole {
            hash.compress(LimitKey.word(bytes, place))
            place &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while place < bytes.count {
            last |= UInt64(bytes[place]) << shift
            place &+= 1
            shift &+= 8
        }
        hash.compress(last)
        self = hash.finish()
    }

    /// Callers keep `place + 8 <= bytes.count`.
    @inline(__always)
    private static func word(_ bytes: ByteView, _ place: Int) -> UInt64 {
        UInt64(littleEndian: unsafe bytes[place..<place &+ 8].buffer.loadUnaligned(as: UInt64.self))
    }

    /// Chosen by each process for itself.
    struct Secret: Sendable {
        let first: UInt64, second: UInt64

        init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }

        static let ofProcess = Secret(.random(in: .min ... .max), .random(in: .min ... .max))
    }
}

private struct SipState {
    private var v0: UInt64, v1: UInt64, v2: UInt64, v3: UInt64

    @inline(__always)
    init(_ secret: LimitKey.Secret) {
        v0 = secret.first ^ 0x736f_6d65_7073_6575
        v1 = secret.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = secret.first ^ 0x6c79_6765_6e65_7261
        v3 = secret.second ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> LimitKey {
        v2 ^= 0xee
        for _ in 0..<3 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<3 { round() }
        return LimitKey(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = SipState.rotate(v1, 13) ^ v0
        v0 = SipState.rotate(v0, 32)
        v2 &+= v3
        v3 = SipState.rotate(v3, 16) ^ v2
        v0 &+= v3
        v3 = SipState.rotate(v3, 21) ^ v0
        v2 &+= v1
        v1 = SipState.rotate(v1, 17) ^ v2
        v2 = SipState.rotate(v2, 32)
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 &- bits) }
}
