/// A signal from any thread to one that waits: it stays set until a wait takes it.
package final class WakeUp: Sendable {
    private let isSet = Monitor(false)

    package init() {}

    package func signal() { isSet.withLock { $0 = true } }

    /// Waits for a signal and takes it. False: `deadline` came first.
    @discardableResult package func wait(until deadline: Instant = .never) -> Bool {
        isSet.next { isSet -> Monitor<Bool>.Step<Bool> in
            guard isSet || Instant.now >= deadline else { return .wait(until: deadline) }
            defer { isSet = false }
            return .done(isSet)
        } ?? false
    }
}
