import CLinux
import Glibc
import Synchronization

/// The watcher's thread: waits for events, lets a burst end, compares, tells.
struct WatchLoop {
    private let shared: FileWatcher.Shared
    private var known: FileFingerprint
    private var watched: [String: Int32] = [:]

    init(_ shared: FileWatcher.Shared) {
        self.shared = shared
        known = shared.initial
    }

    mutating func run() {
        watch(known.folders)
        // Something may have changed between the first look and the first watch.
        compare()
        while wait(timeout: isComplete ? -1 : 2000) != .stopped {
            guard letBurstEnd() else { return }
            compare()
        }
    }

    /// Every folder is watched; otherwise looking again from time to time has to do.
    private var isComplete: Bool { known.folders.allSatisfy { watched[$0] != nil } }

    private enum Outcome {
        case changed, quiet, stopped
    }

    private mutating func wait(timeout: Int32) -> Outcome {
        var descriptors = [
            pollfd(fd: shared.stopper, events: Int16(POLLIN), revents: 0),
            pollfd(fd: shared.inotify, events: Int16(POLLIN), revents: 0),
            pollfd(fd: shared.changer, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&descriptors, 3, timeout)
        if descriptors[0].revents != 0 { return .stopped }
        if count > 0, descriptors[2].revents != 0 {
            var value: UInt64 = 0
            _ = read(shared.changer, &value, 8)
            return .changed
        }
        if count > 0, descriptors[1].revents != 0 { return drain() ? .changed : .quiet }
        return .quiet
    }

    /// Waits until nothing happened for a while, but not for ever. False once the watcher must stop.
    private mutating func letBurstEnd() -> Bool {
        let quiet = Int32(clamping: shared.quiet.components.seconds * 1000 + shared.quiet.components.attoseconds / 1_000_000_000_000_000)
        for _ in 0..<20 {
            switch wait(timeout: quiet) {
            case .changed: continue
            case .quiet: return true
            case .stopped: return false
            }
        }
        return true
    }

    private mutating func compare() {
        let now = FileFingerprint(shared.path, named: shared.named.withLock { $0 })
        watch(now.folders)
        defer { known = now }
        if now != known { shared.onChange() }
    }

    private mutating func watch(_ folders: Set<String>) {
        for (folder, descriptor) in watched where !folders.contains(folder) {
            inotify_rm_watch(shared.inotify, descriptor)
            watched[folder] = nil
        }
        let mask = UInt32(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
        for folder in folders {
            // Adding a folder again finds its watch; a folder that was replaced gets a new one.
            let descriptor = inotify_add_watch(shared.inotify, folder, mask)
            watched[folder] = descriptor < 0 ? nil : descriptor
        }
    }

    /// Reads all events; answers whether there were any. Which files they name does not matter: files are compared.
    private mutating func drain() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var found = false
        while read(shared.inotify, &buffer, buffer.count) > 0 { found = true }
        return found
    }
}
