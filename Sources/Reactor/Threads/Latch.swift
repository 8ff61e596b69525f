private import CLinux
private import Glibc
private import Synchronization

/// Lets one thread wait until others have counted it down to zero.
package final class Latch: Sendable {
    private let left: Atomic<Int>
    private let event: Int32

    /// `count` is 1 or more.
    package init(_ count: Int) {
        left = Atomic(count)
        event = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit { close(event) }

    package func countDown() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { eventfd_write(event, 1) }
    }

    /// False: `timeout` has passed first.
    @discardableResult package func wait(timeout: Nanoseconds = .max) -> Bool {
        let deadline = Instant.now + timeout
        while left.load(ordering: .acquiring) > 0 {
            let rest = min((deadline - .now) / 1_000_000 + 1, 60_000)
            if Instant.now >= deadline { return false }
            var poll = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
            _ = unsafe Glibc.poll(&poll, 1, Int32(rest))
        }
        return true
    }
}
