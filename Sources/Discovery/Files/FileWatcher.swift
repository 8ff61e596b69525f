import CLinux
import Glibc
import Synchronization

/// Tells when a configuration file, or the files of a folder, changed: edited in place, renamed over (as editors do),
/// swapped behind a symbolic link (as Kubernetes does), added or removed.
///
/// The callback runs on the watcher's own thread, at most once for a burst of changes, and only if the files differ
/// from what they were. Where the kernel has no inotify to give, files are compared every two seconds instead.
package final class FileWatcher: Sendable {
    private let shared: Shared
    private let thread: Mutex<pthread_t?>

    /// Starts to watch. Changes after this call are noticed; what the files hold now is not announced.
    ///
    /// - Parameters:
    ///   - quiet: how long nothing must happen before a burst of changes counts as over.
    ///   - onChange: must not call `stop`.
    package init(path: String, quiet: Duration = .milliseconds(50), onChange: @escaping @Sendable () -> Void) {
        shared = Shared(path: path, quiet: quiet, onChange: onChange)
        var handle = pthread_t()
        let context = Unmanaged.passRetained(shared)
        let failure = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let shared = Unmanaged<Shared>.fromOpaque(context).takeRetainedValue()
                // Signals are for the threads that wait for them.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                var loop = WatchLoop(shared)
                loop.run()
                return nil
            }, context.toOpaque())
        if failure != 0 { context.release() }
        thread = Mutex(failure == 0 ? handle : nil)
    }

    deinit { stop() }

    /// Watches these files too, instead of those of the last call: what the configuration names. The callback runs once
    /// when they are others than before, because they may have changed since they were read.
    package func watch(alsoNamed files: [String]) {
        let isNew = shared.named.withLock { named in
            defer { named = files }
            return named != files
        }
        if isNew { shared.wake(shared.changer) }
    }

    /// Ends the thread and waits for it; a callback that runs is finished first. May be called again.
    package func stop() {
        let handle = thread.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        shared.wake(shared.stopper)
        pthread_join(handle, nil)
    }

    /// What the thread needs, alive as long as either side is.
    final class Shared: Sendable {
        let path: String
        let quiet: Duration
        let onChange: @Sendable () -> Void
        /// An event file descriptor: readable once the watcher must stop.
        let stopper: Int32
        let inotify: Int32
        /// An event file descriptor: readable when `named` has changed.
        let changer: Int32
        let named = Mutex<[String]>([])
        /// Taken before the constructor returns, so that no later change is missed.
        let initial: FileFingerprint

        init(path: String, quiet: Duration, onChange: @escaping @Sendable () -> Void) {
            self.path = path
            self.quiet = quiet
            self.onChange = onChange
            stopper = eventfd(0, Int32(EFD_CLOEXEC))
            changer = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            inotify = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
            initial = FileFingerprint(path)
        }

        deinit {
            if stopper >= 0 { close(stopper) }
            if inotify >= 0 { close(inotify) }
            if changer >= 0 { close(changer) }
        }

        func wake(_ descriptor: Int32) {
            var one: UInt64 = 1
            _ = write(descriptor, &one, 8)
        }
    }
}
