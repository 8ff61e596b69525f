import GatewayCore
import Primitives
import Reactor

/// One callout under way: stands where a client's connection stands otherwise. Confined to the lane's loop.
final class CalloutCall: @unchecked Sendable {
    let exchange: Exchange
    private let callout: Callout
    private let context: CalloutContext?
    private let lane: CalloutLane
    private var origin: CalloutOrigin?
    private var done: ((Result<FetchResponse, GatewayError>) -> Void)?
    private var timer: TimerWheel.ID?
    private var response: ResponseCollector
    /// Connections that it was begun on.
    private var tries = 1
    private var hasSentBody = false
    /// Why the first address could not be used: what those behind it say is less to the point.
    private var firstFailure: GatewayError?
    private var isCancelled = false

    private static let cancelled = GatewayError(.clientClosed, .downstream, "Nobody waits for the answer any more.")

    init(_ callout: Callout, _ context: CalloutContext?, on lane: CalloutLane) {
        self.callout = callout
        self.context = context
        self.lane = lane
        response = ResponseCollector(most: callout.mostBytes)
        exchange = Exchange(loop: lane.loop)
    }

    /// Sets out; `done` is called once.
    func begin(_ done: @escaping (Result<FetchResponse, GatewayError>) -> Void) {
        guard !isCancelled else { return done(.failure(CalloutCall.cancelled)) }
        self.done = done
        let loop = lane.loop
        exchange.request.compose(
            method: callout.method, target: callout.url.target, host: callout.url.authority, headers: callout.headers, body: callout.body,
            closes: false)
        exchange.downstream = self
        exchange.observer = self
        exchange.started = loop.now
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        loop.arm(timer, at: loop.now + callout.timeout)
        self.timer = timer
        let origin = lane.origin(of: callout, context)
        self.origin = origin
        origin.send(self)
    }

    /// Nobody waits any more.
    func cancel() {
        isCancelled = true
        letGo(CalloutCall.cancelled)
    }

    /// No connection is to be had.
    func fail(_ error: GatewayError) { end(.failure(error)) }

    private func letGo(_ error: GatewayError) {
        guard done != nil else { return }
        origin?.forget(self)
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        end(.failure(error))
    }

    private func end(_ result: Result<FetchResponse, GatewayError>) {
        guard let done else { return }
        self.done = nil
        if let timer { lane.loop.releaseTimer(timer) }
        timer = nil
        exchange.reset()
        done(result)
    }

    /// Whether the server may see the request twice.
    private var isRepeatable: Bool { callout.isRepeatable ?? exchange.request.method.isIdempotent }
}

extension CalloutCall: TimerOwner {
    func timerFired() {
        letGo(GatewayError(.upstreamTimeout, .upstream, "\(callout.url.authority) took longer than it may to answer."))
        origin?.timedOut()
    }
}

extension CalloutCall: Downstream {
    var isBackedUp: Bool { false }
    func sendInformational(_ exchange: Exchange) {}
    func sendHead(_ exchange: Exchange) { exchange.responseStarted = true }

    func sendBody(_ bytes: ByteView) {
        if let error = response.take(bytes) { letGo(error) }
    }

    func sendEnd(trailers: HeaderFields?) { end(.success(response.response(exchange.response, trailers: trailers))) }
    func abort(_ error: GatewayError) { end(.failure(error)) }
    func flush() -> Bool { true }

    /// All of it at once: it is in memory anyway.
    func wantsRequestBody() {
        guard !hasSentBody, let upstream = exchange.upstream else { return }
        hasSentBody = true
        if !callout.body.isEmpty { _ = callout.body.withView { upstream.requestBody($0) } }
        upstream.requestEnd(trailers: nil)
    }
}

extension CalloutCall: ExchangeObserver {
    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func finished(_ exchange: Exchange) {}

    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        guard done != nil, let origin else { return }
        switch error.retry {
        case .ifReused where exchange.connectionWasReused && isRepeatable && tries < CalloutCall.mostTries: again(on: origin, fresh: true)
        // Nothing of the request was worked on: the server could not be reached where it was looked for.
        case .yes where origin.tryNextAddress(after: tries) && tries < CalloutCall.mostTries:
            firstFailure = firstFailure ?? error
            again(on: origin, fresh: false)
        default: end(.failure(firstFailure ?? error))
        }
    }

    private func again(on origin: CalloutOrigin, fresh: Bool) {
        tries += 1
        hasSentBody = false
        exchange.response.clear()
        origin.send(self, fresh: fresh)
    }

    private static let mostTries = 4
}
