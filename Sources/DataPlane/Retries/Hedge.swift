import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import Upstreams

/// A request that goes to a second endpoint because the first has not answered yet: whichever answers first is heard, the other
/// is cut off.
///
/// The second is an exchange of its own, which nobody but this object knows. If it wins, what it brings is passed on as the
/// first one's.
final class Hedge {
    private unowned let worker: Worker
    private let lane: UpstreamLane
    private let first: Exchange
    private var second: Exchange?
    /// The first has failed; the second may still answer.
    private var failure: GatewayError?
    private var hasWon = false

    init(_ worker: Worker, _ lane: UpstreamLane, of exchange: Exchange) {
        self.worker = worker
        self.lane = lane
        first = exchange
    }

    func begin() {
        let exchange = worker.pool.take()
        exchange.request.copy(from: first.request)
        exchange.client = first.client
        exchange.listener = first.listener
        exchange.snapshot = first.snapshot
        exchange.route = first.route
        exchange.upstreamIndex = first.upstreamIndex
        exchange.requestID = first.requestID
        exchange.started = first.started
        exchange.deadline = first.deadline
        exchange.call = first.call
        exchange.hostIsEndpoint = first.hostIsEndpoint
        exchange.seals = first.seals
        exchange.endpointIndex = first.endpointIndex
        exchange.triedEndpoints = first.triedEndpoints
        exchange.noteTriedEndpoint()
        exchange.observer = self
        exchange.downstream = self
        second = exchange
        first.companion = self
        lane.send(exchange)
    }

    // MARK: The first

    /// The first has an answer: the second is not wanted any more.
    func firstAnswered() { endSecond() }

    /// True: the second may still answer, and nothing is to be done about the first.
    func firstFailed(_ error: GatewayError) -> Bool {
        guard second != nil, !hasWon else { return false }
        failure = error
        return true
    }

    /// The client has its answer, or is gone.
    func firstFinished() { endSecond() }

    private func endSecond() {
        first.companion = nil
        guard let exchange = second else { return }
        second = nil
        exchange.upstream?.cancel(GatewayError(.clientClosed))
        worker.pool.giveBack(exchange)
    }

    /// The second is over. It is given back when whoever carried it has let go of it.
    private func secondEnded() {
        guard let exchange = second else { return }
        second = nil
        first.companion = nil
        worker.pool.giveBack(exchange)
    }
}

extension Hedge: ExchangeObserver {
    func upstreamAnswered(_ exchange: Exchange) -> Bool {
        lane.answered(exchange)
        // An error is worth nothing while something better may come.
        if exchange.response.status >= 500, failure == nil {
            endSecond()
            return false
        }
        hasWon = true
        failure = nil
        lane.vitals.hedges.won &+= 1
        first.upstream?.cancel(GatewayError(.clientClosed))
        first.upstream = self
        first.response.copy(from: exchange.response)
        first.endpointIndex = exchange.endpointIndex
        first.upstreamStarted = exchange.upstreamStarted
        first.upstreamAnswered = exchange.upstreamAnswered
        return worker.passAnswer(first)
    }

    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        let failure = failure
        secondEnded()
        if let failure { worker.retryOrRefuse(first, failure, lane) }
    }

    func finished(_ exchange: Exchange) {}
}

/// What the second brings is the first one's answer.
extension Hedge: Downstream {
    func sendInformational(_ exchange: Exchange) {}
    func sendHead(_ exchange: Exchange) {
        exchange.responseStarted = true
        first.downstream?.sendHead(first)
    }
    func sendBody(_ bytes: ByteView) { first.downstream?.sendBody(bytes) }

    func sendEnd(trailers: HeaderFields?) {
        first.upstream = nil
        let downstream = first.downstream
        secondEnded()
        downstream?.sendEnd(trailers: trailers)
    }

    func abort(_ error: GatewayError) {
        first.upstream = nil
        let downstream = first.downstream
        secondEnded()
        // Policies may be holding all of it back.
        if first.responseStarted { downstream?.abort(error) } else { worker.refuse(first, error) }
    }

    func flush() -> Bool { first.downstream?.flush() ?? true }
    func wantsRequestBody() {}
    var isBackedUp: Bool { first.downstream?.isBackedUp ?? false }
}

/// When it has won, it is what the first one's client deals with.
extension Hedge: GatewayCore.Upstream {
    func requestBody(_ bytes: ByteView) -> Bool { true }
    func requestEnd(trailers: HeaderFields?) {}
    func requestFlush() {}
    func downstreamWritable() { second?.upstream?.downstreamWritable() }
    func cancel(_ error: GatewayError) { endSecond() }
}

extension Worker {
    /// Requests that may be sent twice are looked at again after a while.
    func watchForHedge(_ exchange: Exchange, _ lane: UpstreamLane) {
        guard !exchange.request.forwardFraming.hasBody, exchange.tunnel == .none,
            lane.settings.retries.allows(exchange.request.forwardMethod)
        else { return }
        lane.vitals.mayHedge(exchange)
    }

    /// The request has been without an answer for long.
    func hedge(_ exchange: Exchange, _ lane: UpstreamLane) {
        guard exchange.companion == nil, !exchange.responseStarted, exchange.endpointIndex >= 0, exchange.upstream != nil else { return }
        let first = Int(exchange.endpointIndex)
        let hasOther = lane.endpoints.indices.contains { index in
            let endpoint = lane.endpoints[index]
            return index != first && !endpoint.isGone && endpoint.isHealthy && !endpoint.isPaused && endpoint.settings.weight > 0
        }
        guard hasOther, lane.vitals.takeHedge(loop.now) else { return }
        Hedge(self, lane, of: exchange).begin()
    }
}
