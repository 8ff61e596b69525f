import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// Holds an upstream's response back while policies wait for something or for the whole body, and feeds its body through the
/// stages of those that want to see it pass.
final class ResponseGate: DownstreamFilter {
    private unowned let worker: Worker
    private let chain: PolicyChain
    private var state = State.open
    private var stages = BodyStages()
    /// What has come of the body while the gate was closed.
    private var held: ByteBuffer?
    private var trailers: HeaderFields?
    private var hasEnded = false
    private var hasHead = false

    private enum State {
        case open
        /// A policy waits: the upstream is asked to wait too.
        case waiting
        /// A policy wants the whole body.
        case collecting(any ResponseBodyPolicy, most: Int)
    }

    init(_ exchange: Exchange, worker: Worker, _ chain: PolicyChain) {
        self.worker = worker
        self.chain = chain
        super.init(exchange)
        exchange.downstream = self
    }

    deinit { if let held { loop.giveBack(held) } }

    // MARK: What policies want

    func wait(for policy: any AsyncResponsePolicy) {
        state = .waiting
        worker.suspend(exchange, UpstreamResponseWait(policy: policy, gate: self, started: loop.backend.now))
    }

    fileprivate func goOn(_ wait: UpstreamResponseWait, _ exchange: Exchange, _ verdict: Verdict) {
        chain.noteResponse(since: wait.started, verdict, exchange)
        act(worker.withoutBody(chain.continueResponse(exchange, with: verdict), exchange, chain), exchange)
    }

    func collect(for policy: any ResponseBodyPolicy, most: Int) {
        state = .collecting(policy, most: most)
        if hasEnded { takeWhole() }
        // What the upstream held back is wanted now.
        exchange.upstream?.downstreamWritable()
    }

    private func act(_ outcome: PolicyChain.ResponseOutcome, _ exchange: Exchange) {
        switch outcome {
        case .passed: open()
        case .replaced(let verdict): replace(exchange, verdict)
        case .waits(let policy): wait(for: policy)
        case .wantsBody(let policy, let most):
            guard (held?.count ?? 0) <= most else { return replace(exchange, .refuse(BodyTooLong.response(most))) }
            collect(for: policy, most: most)
        }
    }

    private func takeWhole() {
        guard case .collecting(let policy, _) = state else { return }
        let body = heldBody()
        state = .waiting
        let outcome = chain.continueResponse(exchange, policy, body: body)
        exchange.response.framing = .length(body.count)
        act(outcome, exchange)
    }

    /// The response is not the upstream's any more.
    private func replace(_ exchange: Exchange, _ verdict: Verdict) {
        exchange.downstream = inner
        exchange.upstream?.cancel(GatewayError(.clientClosed))
        worker.replace(exchange, verdict)
        worker.answerThroughChain(exchange)
    }

    /// No policy wants to wait any more: what was held goes out, and what comes goes on.
    func open() {
        state = .open
        worker.announceTiming(exchange)
        stages = exchange.responseStages
        exchange.responseStages.removeAll()
        if !stages.keepLength {
            if exchange.response.framing != .none { exchange.response.framing = .chunked }
            exchange.response.fields.remove(.contentLength)
        }
        guard hasHead else { return }
        inner?.sendHead(exchange)
        if let held, !held.isEmpty { pass(held.view) }
        held?.clear()
        if hasEnded { return end() }
        if inner?.flush() ?? true { exchange.upstream?.downstreamWritable() }
    }

    private func heldBody() -> ByteBuffer {
        if let held { return held }
        let buffer = loop.takeBuffer()
        held = buffer
        return buffer
    }

    private func pass(_ bytes: ByteView) {
        do throws(GatewayError) {
            try stages.take(bytes) { (bytes) throws(GatewayError) in inner?.sendBody(bytes) }
        } catch {
            cut(error)
        }
    }

    private func end() {
        do throws(GatewayError) {
            try stages.end(trailers: &trailers) { (bytes) throws(GatewayError) in inner?.sendBody(bytes) }
            inner?.sendEnd(trailers: trailers)
        } catch {
            cut(error)
        }
    }

    /// The head is out: all that is left is to let nobody take the response for a whole one.
    private func cut(_ error: GatewayError) {
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        inner?.abort(error)
    }

    // MARK: Downstream

    override func sendHead(_ exchange: Exchange) {
        hasHead = true
        if case .open = state { inner?.sendHead(exchange) }
    }

    override func sendBody(_ bytes: ByteView) {
        switch state {
        case .open: pass(bytes)
        case .waiting: heldBody().append(bytes)
        case .collecting(_, let most):
            guard (held?.count ?? 0) + bytes.count <= most else { return replace(exchange, .refuse(BodyTooLong.response(most))) }
            heldBody().append(bytes)
        }
    }

    override func sendEnd(trailers: HeaderFields?) {
        self.trailers = trailers
        hasEnded = true
        switch state {
        case .open: end()
        case .waiting: break
        case .collecting: takeWhole()
        }
    }

    override func flush() -> Bool {
        switch state {
        case .open: inner?.flush() ?? true
        case .waiting: false
        case .collecting: true
        }
    }

    override var isBackedUp: Bool {
        if case .waiting = state { return true }
        return super.isBackedUp
    }
}

/// An upstream's response that waits for a policy.
private struct UpstreamResponseWait: PolicyWait, @unchecked Sendable {
    let policy: any AsyncResponsePolicy
    let gate: ResponseGate
    let started: Instant

    func work(_ exchange: Exchange) async -> Verdict { await policy.onResponse(exchange) }
    func goOn(_ exchange: Exchange, _ verdict: Verdict) { gate.goOn(self, exchange, verdict) }
}
