import Logging
import Reactor
import Synchronization
import Upstreams

/// What is found out about upstreams by what becomes of requests.
extension Gateway {
    private static let log = Logger(label: "upstreams")

    /// What one loop finds out, the others hear of, and the log.
    func watch(_ upstreams: [CompiledUpstream]) {
        for upstream in upstreams where !upstream.state.isIdle {
            upstream.state.observer.withLock { $0 = { [weak self] in self?.upstreamChanged($0) } }
        }
    }

    private func upstreamChanged(_ event: UpstreamEvent) {
        for worker in workers { worker.loop.post { worker.refreshHealth(of: event.upstream) } }
        control.post {
            var metadata: Logger.Metadata = ["upstream": "\(event.upstream)"]
            if let endpoint = event.endpoint { metadata["endpoint"] = "\(endpoint)" }
            switch event.change {
            case .ejected(let cause, let length):
                metadata["cause"] = "\(cause.rawValue)"
                metadata["seconds"] = "\(Double(length / 1_000_000) / 1000)"
                Gateway.log.warning("endpoint ejected", metadata: metadata)
            case .returned: Gateway.log.info("endpoint takes requests again", metadata: metadata)
            case .breaker(let state):
                metadata["state"] = "\(state.label)"
                Gateway.log.log(level: state == .closed ? .info : .warning, "breaker \(state.label)", metadata: metadata)
            }
        }
    }
}
