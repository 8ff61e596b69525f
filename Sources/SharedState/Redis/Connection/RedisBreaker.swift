import Reactor

/// Decides, for one server and one event loop, whether commands are taken and when the next connection is tried.
///
/// It is closed while there is a connection, and while one is made after a good one has ended in peace: a server that restarts costs
/// its clients a moment and no error. It opens when a connection can't be made, or a command has waited in vain: from then on nobody
/// waits any more, until an attempt in the background has brought a connection that answers.
struct RedisBreaker {
    enum Loss { case ended, silent, malformed }

    private(set) var isOpen = false
    /// How often it has opened.
    private(set) var openings: UInt64 = 0
    /// Attempts and connections that have failed, one after the other.
    private var failures = 0
    private var upSince = Instant.never

    /// A connection that has lasted for so long was a good one.
    private static let steady = Nanoseconds.seconds(2)
    static let shortest = Nanoseconds.milliseconds(50)
    static let longest = Nanoseconds.seconds(1)

    /// A connection is there, and the server answers on it.
    mutating func connected(at now: Instant) {
        isOpen = false
        upSince = now
    }

    /// The connection is gone; when the next is to be tried.
    ///
    /// - Parameter random: from 0 up to 1, so that gateways do not come back in one moment.
    mutating func lost(_ loss: Loss, at now: Instant, random: Double) -> Instant {
        if upSince != .never, now - upSince >= RedisBreaker.steady { failures = 0 }
        upSince = .never
        // One that had answered is tried again at once.
        let isFirst = failures == 0
        failures += 1
        if loss != .ended || !isFirst { open() }
        return isFirst ? now : now + pause(random)
    }

    /// No connection could be made; when the next is to be tried.
    mutating func failed(at now: Instant, random: Double) -> Instant {
        failures += 1
        open()
        return now + pause(random)
    }

    /// A command has waited for too long while a connection is being made.
    mutating func waitedInVain() { open() }

    /// What is tried next is another server.
    mutating func forget() { failures = 0 }

    private mutating func open() {
        if !isOpen { openings &+= 1 }
        isOpen = true
    }

    /// Doubles with every failure, and is between half of that and all of it.
    private func pause(_ random: Double) -> Nanoseconds {
        let whole = min(RedisBreaker.shortest << UInt64(min(max(0, failures - 1), 5)), RedisBreaker.longest)
        return whole / 2 + Nanoseconds(Double(whole / 2) * min(max(0, random), 1))
    }
}
