private import CLinux
private import Glibc
private import Synchronization

/// Threads that run event loops, named so that `top -H` shows which is which.
package struct LoopThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread that runs `body`; the thread is named `name` (15 bytes at most).
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> LoopThread {
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        // Signals are for the main thread alone: it waits for them.
        var all = sigset_t(), old = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, &old)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &old, nil) }
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe pthread_setname_np(pthread_self(), String(body.name.prefix(15)))
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError("pthread_create", code: code)
        }
        return LoopThread(handle: thread)
    }

    /// Waits until the thread has ended.
    package func join() { _ = pthread_join(handle, nil) }

    /// Nobody will wait for the thread: its stack is given back when it ends.
    package func detach() { _ = pthread_detach(handle) }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// The number of processors that this process may use.
    package static var processors: Int {
        var set = [UInt64](repeating: 0, count: 128)
        let size = set.count * MemoryLayout<UInt64>.size
        guard unsafe sched_getaffinity(0, size, &set) >= 0 else { return 1 }
        return max(1, set.reduce(0) { $0 + $1.nonzeroBitCount })
    }
}
