private import Glibc
internal import Reactor

/// A program that sets TXT records.
///
/// It is called as `PROGRAM present|cleanup RECORD VALUE`, with the same in `SLUICE_ACME_ACTION`, `SLUICE_ACME_RECORD` and
/// `SLUICE_ACME_VALUE`, and the name in `SLUICE_ACME_NAME`, beside the gateway's own environment. Exit code 0: done.
struct ChallengeProgram: Sendable {
    let path: String
    static let longest: Nanoseconds = .seconds(120)
    /// Bytes of its output that are looked at.
    private static let most = 4096

    func run(_ change: DNSUpdate.Change, _ challenge: PreparedChallenge, value: String) throws(ACMEError) {
        let arguments = [path, change.word, challenge.record, value]
        let own = [
            "SLUICE_ACME_ACTION=\(change.word)", "SLUICE_ACME_NAME=\(challenge.name)", "SLUICE_ACME_RECORD=\(challenge.record)",
            "SLUICE_ACME_VALUE=\(value)",
        ]
        let inherited = (SmallFile.read("/proc/self/environ") ?? "").split(separator: "\0").map(String.init)
        let (process, output) = try start(arguments, inherited + own)
        defer { close(output) }
        let text = try read(output, process)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            let how = status & 0x7f == 0 ? "ends with \(status >> 8 & 0xff)" : "is ended by signal \(status & 0x7f)"
            let last = text.split(separator: "\n").last.map { ": \($0.prefix(200))" } ?? ""
            throw .challenge("\(path) \(change.word) \(how)\(last)")
        }
    }

    private func start(_ arguments: [String], _ environment: [String]) throws(ACMEError) -> (pid_t, output: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .challenge("\(SystemError("pipe"))") }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t(), none = sigset_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        // The threads of the gateway take no signals; the program's own does.
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil], variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for i in unsafe pointers.indices { unsafe free(pointers[i]) }
            for i in unsafe variables.indices { unsafe free(variables[i]) }
        }
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, path, &actions, &attributes, &pointers, &variables)
        guard code == 0 else {
            close(ends[0])
            throw .challenge("\(path) can't be run: \(unsafe String(cString: strerror(code)))")
        }
        return (process, ends[0])
    }

    /// What the program writes until it closes its output; one that takes too long is killed.
    private func read(_ output: Int32, _ process: pid_t) throws(ACMEError) -> String {
        let deadline = Instant.now + ChallengeProgram.longest
        var text: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1024)
        while true {
            guard Instant.now < deadline else {
                kill(process, SIGKILL)
                var status: Int32 = 0
                while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
                throw .challenge("\(path) has taken longer than \(ChallengeProgram.longest / 1_000_000_000) s")
            }
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, 1000) > 0 else { continue }
            let count = unsafe Glibc.read(output, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text.append(contentsOf: piece[..<count])
            if text.count > ChallengeProgram.most { text.removeFirst(text.count - ChallengeProgram.most) }
        }
    }
}
