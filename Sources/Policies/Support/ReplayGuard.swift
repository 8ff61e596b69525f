import Identity
import PolicyKit
import Synchronization

/// Sees to it that nothing is accepted twice, whichever loop it comes to.
final class ReplayGuard: Sendable {
    private let window: Mutex<ReplayWindow>

    /// - Parameters:
    ///   - lifetime: seconds for which something could be accepted again.
    ///   - most: how much is remembered.
    init(lifetime: Int64, most: Int) { window = Mutex(ReplayWindow(lifetime: lifetime, most: most)) }

    /// Goes on with other bounds: what was seen before a reload must not be accepted behind it.
    func adopt(lifetime: Int64, most: Int) -> ReplayGuard {
        window.withLock { $0.adopt(lifetime: lifetime, most: most) }
        return self
    }

    /// - Parameter mark: what tells it apart, such as a signature; not to be guessed by whoever chooses its text.
    func admit(_ mark: [UInt8], now: Int64) -> ReplayWindow.Answer { window.withLock { $0.admit(mark, now: now) } }
}
