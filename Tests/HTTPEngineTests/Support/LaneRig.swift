import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Upstreams

/// The upstream half alone, over memory: exchanges are sent by the test, which also plays the upstreams.
final class LaneRig {
    let network = MemoryNetwork()
    let pool: ExchangePool
    let lane: UpstreamLane

    init(endpoints: Int = 1, _ change: (inout UpstreamSettings) -> Void = { _ in }) {
        pool = ExchangePool(loop: network.loop)
        var settings = UpstreamSettings()
        settings.name = "up"
        change(&settings)
        lane = UpstreamLane(loop: network.loop, settings: settings, endpoints: LaneRig.endpoints(Array(0..<endpoints)))
    }

    static func address(_ index: Int) -> SocketAddress { MemoryNetwork.address(UInt32(100 + index)) }

    static func endpoints(_ indexes: [Int]) -> [EndpointSettings] {
        indexes.map { EndpointSettings(name: "e\($0):80", address: address($0)) }
    }

    /// Sends a request; what comes of it is in the result.
    func send(
        _ request: String = .get(), fresh: Bool = false, taking: Bool = true, asksUpgrade: Bool = false, _ change: (Exchange) -> Void = { _ in }
    ) -> Outcome {
        let exchange = pool.take()
        _ = request.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        exchange.request.fields.removeHopByHop()
        let outcome = Outcome(exchange)
        outcome.takesMore = taking
        exchange.started = network.loop.now
        if asksUpgrade { exchange.tunnel = .asked }
        change(exchange)
        lane.send(exchange, fresh: fresh)
        return outcome
    }

    /// The next connection that the lane has made, after everything has settled.
    func accept() -> TestPeer? {
        network.settle()
        return network.dialled()
    }

    /// Sends a request and answers it; leaves an idle connection.
    func exchange(_ answer: String = LaneRig.ok) -> (Outcome, TestPeer?) {
        let outcome = send()
        let peer = accept()
        peer?.send(answer)
        network.settle()
        return (outcome, peer)
    }

    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
}

/// Stands where the client's connection and the data plane stand otherwise, and notes what it is told.
final class Outcome: Downstream, ExchangeObserver {
    private(set) var exchange: Exchange?
    private(set) var interim: [Int] = []
    private(set) var status: Int?
    private(set) var framing: BodyFraming?
    private(set) var body: [UInt8] = []
    private(set) var trailers: [String] = []
    private(set) var isComplete = false
    /// It failed before the response began, or was cut.
    private(set) var error: GatewayError?
    private(set) var wasCut = false
    private(set) var wanted = 0
    /// What `flush` answers.
    var takesMore = true
    /// Called when more of the body is wanted.
    var onWanted: ((any Upstream) -> Void)?
    var onEnd: (() -> Void)?
    var onFailure: ((Exchange, GatewayError) -> Void)?

    init(_ exchange: Exchange) {
        self.exchange = exchange
        exchange.downstream = self
        exchange.observer = self
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    /// The response in one line.
    var summary: String {
        if let error { return (wasCut ? "cut \(text) " : "") + "\(error.reason.code)" }
        return isComplete ? "\(status ?? 0) \(text)" : "open \(status ?? 0) \(text)"
    }

    func cancel() {
        exchange?.upstream?.cancel(GatewayError(.clientClosed))
        exchange?.upstream = nil
        exchange = nil
    }

    // MARK: Downstream

    var isBackedUp: Bool { !takesMore }
    func sendInformational(_ exchange: Exchange) { interim.append(exchange.response.status) }
    func sendHead(_ exchange: Exchange) {
        exchange.responseStarted = true
        status = exchange.response.status
        framing = exchange.response.framing
    }
    func sendBody(_ bytes: ByteView) { body += bytes.array }
    func sendEnd(trailers: HeaderFields?) {
        isComplete = true
        if let trailers {
            self.trailers = (0..<trailers.count).filter { !trailers.isRemoved(at: $0) }
                .map { "\(trailers.name(at: $0).string): \(trailers.value(at: $0).string)" }
        }
        exchange = nil
        onEnd?()
    }
    func abort(_ error: GatewayError) {
        wasCut = true
        self.error = error
        exchange = nil
    }
    func flush() -> Bool { takesMore }
    func wantsRequestBody() {
        wanted += 1
        guard let upstream = exchange?.upstream else { return }
        if let onWanted { onWanted(upstream) }
        upstream.requestFlush()
    }

    // MARK: ExchangeObserver

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        if let onFailure { return onFailure(exchange, error) }
        self.error = error
        self.exchange = nil
    }
    func finished(_ exchange: Exchange) {}
}
