import GatewayCore
import PolicyKit
import Reactor

/// What a policy does while its exchange waits, and what becomes of the exchange afterwards. Confined to the exchange's loop,
/// which is the executor of the task that does it.
protocol PolicyWait: Sendable {
    func work(_ exchange: Exchange) async -> Verdict
    func goOn(_ exchange: Exchange, _ verdict: Verdict)
}

extension Worker {
    /// Does the work in a task on this loop, and goes on when it is done, unless the exchange has ended or was refused meanwhile.
    func suspend(_ exchange: Exchange, _ wait: some PolicyWait) {
        let ticket = exchange.chain.ticket
        pool.pin(exchange)
        // The task stays on the loop that the exchange belongs to.
        nonisolated(unsafe) let held = exchange
        exchange.task = Task(executorPreference: loop) { [self] in
            let verdict = await unsafe wait.work(held)
            guard unsafe pool.unpin(held), unsafe held.chain.ticket == ticket else { return }
            unsafe held.task = nil
            unsafe wait.goOn(held, verdict)
        }
    }
}
