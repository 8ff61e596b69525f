import DataPlane
import Glibc
import Reactor

/// A process that is to take over the listeners of this one.
///
/// It gets the sockets as a service manager would hand them over (`InheritedSockets`), only that they are meant for the child of
/// the process that `LISTEN_PID` names: its own number is not known before it runs.
struct Successor: Sendable {
    let process: pid_t
    private let pipe: Int32

    /// Runs a program with the arguments of this process.
    static func start(_ program: String, sockets: [ListeningSocket]) throws(SystemError) -> Successor {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe") }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        do throws(SystemError) {
            let environment = environment(SmallFile.read("/proc/self/environ") ?? "", sockets: sockets, process: getpid())
            let process = try spawn(program, environment, descriptors: sockets.map(\.handle) + [ends[1]])
            return Successor(process: process, pipe: ends[0])
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// The variables for the successor: those of this process but for what is about the process itself.
    static func environment(_ own: String, sockets: [ListeningSocket], process: pid_t) -> [String] {
        // Without WATCHDOG_PID the watchdog is meant for whoever is asked: for the successor, once it is the main process.
        let replaced = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "WATCHDOG_PID", Predecessor.variable]
        let kept = own.split(separator: "\0").filter { entry in !replaced.contains { entry.hasPrefix($0 + "=") } }
        let names = sockets.map { $0.name.isEmpty ? "unknown" : $0.name }.joined(separator: ":")
        return kept.map(String.init) + [
            "LISTEN_PID=\(process)", "LISTEN_FDS=\(sockets.count)", "LISTEN_FDNAMES=\(names)",
            "\(Predecessor.variable)=\(process):\(3 + sockets.count)",
        ]
    }

    /// Starts a process whose descriptors from 3 on are the given ones.
    private static func spawn(_ program: String, _ environment: [String], descriptors: [Int32]) throws(SystemError) -> pid_t {
        // Copies beyond the last place, so that none is overwritten before it is in its own.
        let floor = Int32(3 + descriptors.count)
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for descriptor in descriptors {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, floor)
            guard copy >= 0 else { throw SystemError("fcntl") }
            copies.append(copy)
        }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t(), none = sigset_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (index, copy) in copies.enumerated() { posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + index)) }
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil], variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw SystemError("run \(program)", code: code) }
        return process
    }

    /// Waits until the process serves; nil: it does. Otherwise it is gone afterwards, and the answer says why. To be called once.
    func wait(longest: Nanoseconds) -> String? {
        defer { close(pipe) }
        let deadline = Instant.now + longest
        var text: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1024)
        while true {
            let now = Instant.now
            guard now < deadline else {
                end()
                return "it was not ready within \(longest / 1_000_000_000) s"
            }
            var entry = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(min((deadline - now) / 1_000_000 + 1, 60_000))) > 0 else { continue }
            let count = read(pipe, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count > 0, text.count < StartOutcome.most { text.append(contentsOf: piece[..<count]) }
            if count <= 0 { break }
        }
        switch StartOutcome(String(decoding: text, as: UTF8.self)) {
        case .ready: return nil
        case .failed(let reason):
            end()
            return reason
        case nil: return end()
        }
    }

    /// Kills the process unless it has ended; the answer tells how it did.
    @discardableResult func end() -> String {
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? "it has ended with \(status >> 8 & 0xff)" : "it was ended by signal \(status & 0x7f)"
    }
}
