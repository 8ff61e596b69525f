private import Glibc

/// A value behind a lock, with threads that wait for it to become interesting.
@safe
package final class Monitor<State: ~Copyable>: @unchecked Sendable {
    package enum Step<Result> {
        case done(Result)
        case wait(until: Instant)
        case end
    }

    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: consuming State) {
        self.state = state
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Changes the value; whoever waits looks at it again.
    package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Asks `step` until it has something, waiting in between for a change or for the time that it says. Nil: it never
    /// will.
    package func next<Result>(_ step: (inout State) -> Step<Result>) -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            switch step(&state) {
            case .done(let result): return result
            case .end: return nil
            case .wait(until: .never): unsafe pthread_cond_wait(condition, mutex)
            case .wait(until: let deadline):
                var time = timespec(
                    tv_sec: Int(truncatingIfNeeded: deadline.nanoseconds / 1_000_000_000),
                    tv_nsec: Int(truncatingIfNeeded: deadline.nanoseconds % 1_000_000_000))
                unsafe pthread_cond_timedwait(condition, mutex, &time)
            }
        }
    }
}
