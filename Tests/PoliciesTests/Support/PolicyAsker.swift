import GatewayCore
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Synchronization

@testable import Policies

/// Shows exchanges to a policy that may have to wait, one step of a chain on one loop.
final class PolicyAsker {
    let network = MemoryNetwork()

    /// What becomes of a request; empty while it waits.
    final class Outcome: Sendable {
        private let value = Mutex("")
        var text: String { value.withLock { $0 } }
        func set(_ verdict: Verdict) {
            let text =
                switch verdict {
                case .proceed: "passed"
                case .reply: "replied"
                case .refuse(let error): "\(error.reason.code)"
                }
            value.withLock { $0 = text }
        }
    }

    struct Asked {
        let exchange: Exchange
        let outcome: Outcome
        let task: Task<Void, Never>?
    }

    func exchange() -> Exchange {
        let exchange = Exchange(loop: network.loop)
        exchange.client.address = .loopback
        exchange.started = network.now
        return exchange
    }

    /// A request comes.
    func ask(_ policy: some AsyncRequestPolicy) -> Asked {
        let exchange = exchange(), outcome = Outcome()
        if let verdict = policy.verdict(exchange) {
            outcome.set(verdict)
            return Asked(exchange: exchange, outcome: outcome, task: nil)
        }
        // The exchange stays on its loop, which runs the task.
        nonisolated(unsafe) let held = exchange
        let task = Task(executorPreference: network.loop) { outcome.set(await unsafe policy.onRequest(held)) }
        network.settle()
        return Asked(exchange: exchange, outcome: outcome, task: task)
    }

    /// An exchange ends, whatever its end is.
    func finish(_ policy: some FinishPolicy, _ asked: Asked) {
        asked.task?.cancel()
        policy.onFinish(asked.exchange)
        network.settle()
    }
}
