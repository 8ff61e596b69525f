import DataPlane
import Glibc
import Logging
import Reactor
import Synchronization

/// How far an upgrade has come.
enum Succession: Sendable {
    case starting(Successor)
    /// The process serves, and this one is about to end.
    case done(pid_t)
}

extension GatewayRunner {
    /// How long a successor may take to start: it may have to ask for secrets, and to look names up.
    private static let longestStart: Nanoseconds = .seconds(60)

    /// Starts the program that now stands where this one was started from, with the same arguments and the listening sockets.
    /// Once it serves, this process drains and ends; when it fails, this one goes on. Returns before that is known.
    func upgrade() {
        guard let gateway = state.withLock({ $0.gateway }) else { return }
        guard state.withLock({ $0.succession == nil }) else { return log.warning("an upgrade is under way already") }
        // Whoever watches process 1 of a container takes its end for that of the container.
        guard getpid() != 1 else { return log.error("process 1 can't be followed by another: replace the container") }
        guard let program = ProgramPath.current else { return log.error("no upgrade: the program's own path is unknown") }
        do throws(SystemError) {
            // No reload may close a socket meanwhile.
            let successor = try reloading.withLock { _ throws(SystemError) in
                gateway.standAside()
                return try Successor.start(program, sockets: gateway.listeningSockets)
            }
            state.withLock { $0.succession = .starting(successor) }
            log.info("upgrading", metadata: ["program": "\(program)", "process": "\(successor.process)"])
            try LoopThread.start("upgrade") { [self] in follow(successor, gateway) }.detach()
        } catch {
            if case .starting(let successor) = state.withLock({ $0.succession }) { successor.end() }
            goOn(gateway, because: "\(error)")
        }
    }

    private func follow(_ successor: Successor, _ gateway: Gateway) {
        let reason = successor.wait(longest: GatewayRunner.longestStart)
        let isStopping = state.withLock { state in
            if state.succession != nil, reason == nil { state.succession = .done(successor.process) }
            return state.succession == nil
        }
        if isStopping { return }
        if let reason { return goOn(gateway, because: reason) }
        log.info("the successor serves", metadata: ["process": "\(successor.process)"])
        gateway.leaveAdmin()
        systemd.notify(.mainProcess(successor.process), .ready)
        // The main thread waits for signals, and ends this process as at any other end.
        kill(getpid(), SIGTERM)
    }

    private func goOn(_ gateway: Gateway, because reason: String) {
        log.error("the upgrade has failed; this process goes on", metadata: ["reason": "\(reason)"])
        reloading.withLock { _ in
            if let lost = gateway.stepBack() { log.error("\(lost)") }
        }
        state.withLock { $0.succession = nil }
    }

    /// This process ends: so does a successor that does not serve yet. True: one serves, and the service goes on.
    func endSuccession() -> Bool {
        state.withLock { state in
            switch state.succession {
            case .done: return true
            case .starting(let successor):
                // The one who waits for it takes its end.
                kill(successor.process, SIGKILL)
                state.succession = nil
                return false
            case nil: return false
            }
        }
    }
}
