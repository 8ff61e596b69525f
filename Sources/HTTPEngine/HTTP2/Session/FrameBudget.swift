import Reactor

/// So many frames at once, and so many a second: a token bucket.
struct FrameBudget {
    let burst: Int
    let perSecond: Int
    private var left: Int
    private var filled: Instant

    init(burst: Int, perSecond: Int, now: Instant) {
        self.burst = burst
        self.perSecond = perSecond
        left = burst
        filled = now
    }

    /// False: the peer has sent more than it may.
    mutating func spend(now: Instant) -> Bool {
        if left == 0 { fill(now) }
        guard left > 0 else { return false }
        left -= 1
        return true
    }

    private mutating func fill(_ now: Instant) {
        let elapsed = min(now - filled, .seconds(60))
        let earned = Int(elapsed / 1_000_000) * perSecond / 1000
        guard earned > 0 else { return }
        left = min(burst, earned)
        filled = now
    }
}
