private import Glibc
internal import Synchronization

/// A lock for work of some tens of nanoseconds. Whoever waits for long lets other threads run, since the holder may be one of them.
///
/// `Mutex` hands over through the kernel: alone it costs the same, but with two threads on one key each call took twice as long.
struct SpinLock: ~Copyable {
    private static let patience = 100

    private let isHeld = Atomic(false)

    @inline(__always)
    borrowing func lock() {
        if isHeld.exchange(true, ordering: .acquiring) { wait() }
    }

    @inline(__always)
    borrowing func unlock() { isHeld.store(false, ordering: .releasing) }

    @inline(never)
    private borrowing func wait() {
        var tries = 0
        repeat {
            // Only reads while it is held, so that the holder keeps its cache line.
            while isHeld.load(ordering: .relaxed) {
                tries += 1
                if tries % SpinLock.patience == 0 { sched_yield() }
            }
        } while isHeld.exchange(true, ordering: .acquiring)
    }
}
