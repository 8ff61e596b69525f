package import Reactor

extension Gateway {
    /// Calls `body` every `interval`, on the control loop, as long as every event loop answers.
    package func beat(every interval: Nanoseconds, _ body: @escaping @Sendable () -> Void) {
        control.post { [self] in
            let heart = Heart(self, interval, body)
            control.keep(heart)
            heart.begin()
        }
    }
}

/// Asks all loops for a sign of life and passes it on.
private final class Heart: TimerOwner, @unchecked Sendable {
    private let gateway: Gateway
    private let interval: Nanoseconds
    private let beat: @Sendable () -> Void
    private var timer: TimerWheel.ID = 0

    init(_ gateway: Gateway, _ interval: Nanoseconds, _ beat: @escaping @Sendable () -> Void) {
        self.gateway = gateway
        self.interval = interval
        self.beat = beat
    }

    func begin() {
        timer = gateway.control.acquireTimer()
        gateway.control.own(timer, by: self)
        timerFired()
    }

    func timerFired() {
        gateway.collect { [self] _ in
            beat()
            gateway.control.arm(timer, at: gateway.control.now + interval)
        }
    }
}
