internal import Reactor

/// Time for whoever waits for days and for milliseconds.
protocol CertificateClock: Sendable {
    /// Seconds since 1970.
    var now: Int64 { get }
    /// False: the waiting was given up.
    func sleep(milliseconds: Int) async -> Bool
}

/// The machine's clock; waits on the loop of the certificates.
struct LoopClock: CertificateClock {
    let loop: EventLoop

    var now: Int64 { Int64(clamping: Instant.wallClock / 1_000_000_000) }
    func sleep(milliseconds: Int) async -> Bool { await loop.sleep(for: .milliseconds(milliseconds)) }
}
