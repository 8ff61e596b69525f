import Glibc

/// The gateway that this process takes over from: it has started it, and waits to hear how the start has gone.
struct Predecessor: Sendable {
    /// `PROCESS:DESCRIPTOR`: who waits, and the pipe at whose other end it does.
    static let variable = "SLUICE_PREDECESSOR"

    let process: pid_t
    private let pipe: Int32

    /// Reads the variable and removes it. Nil: nobody waits; what a parent that is no gateway has left there is ignored. To be
    /// called once, before other threads are started.
    static func fromEnvironment(parent: pid_t = getppid()) -> Predecessor? {
        defer { Environment.remove(variable) }
        guard let (process, pipe) = Environment.value(variable).flatMap(parse), process == parent else { return nil }
        guard fcntl(pipe, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return Predecessor(process: process, pipe: pipe)
    }

    static func parse(_ text: String) -> (process: pid_t, pipe: Int32)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let process = pid_t(parts[0]), let pipe = Int32(parts[1]), process > 0, pipe > 2 else { return nil }
        return (process, pipe)
    }

    /// To be called once.
    func tell(_ outcome: StartOutcome) {
        let bytes = Array(outcome.text.utf8.prefix(StartOutcome.most))
        _ = write(pipe, bytes, bytes.count)
        close(pipe)
    }
}

/// How a start has gone, as it is told to the predecessor.
enum StartOutcome: Equatable, Sendable {
    case ready
    case failed(String)

    /// Bytes; what a pipe takes at once.
    static let most = 4096

    var text: String {
        switch self {
        case .ready: "ready\n"
        case .failed(let reason): "failed\n\(reason)"
        }
    }

    /// Nil: the process has ended without a word, or is another program.
    init?(_ text: String) {
        if text == "ready\n" {
            self = .ready
        } else if text.hasPrefix("failed\n") {
            self = .failed(String(text.dropFirst(7)))
        } else {
            return nil
        }
    }
}
