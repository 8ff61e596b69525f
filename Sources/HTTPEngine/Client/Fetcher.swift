package import GatewayCore
import Primitives
package import Reactor
import TLS

/// Requests of the gateway's own, over the same connections, parsers and time-outs as everybody's.
package final class Fetcher: @unchecked Sendable {
    private let loop: EventLoop
    private let pool: ExchangePool
    private var running: [ObjectIdentifier: Call] = [:]

    package init(loop: EventLoop) {
        self.loop = loop
        pool = ExchangePool(loop: loop)
    }

    /// The function type that everything above uses.
    package var fetch: Fetch {
        { [self] request in
            await withCheckedContinuation { continuation in
                loop.post { [self] in start(request) { continuation.resume(returning: $0) } }
            }
        }
    }

    /// Makes a request; `done` is called once, on the loop. To be called on the loop.
    package func start(_ request: FetchRequest, done: @escaping (Result<FetchResponse, GatewayError>) -> Void) {
        let exchange = pool.take()
        let call = Call(exchange, most: request.mostBytes) { [unowned self] call, result in
            running[ObjectIdentifier(call)] = nil
            pool.giveBack(exchange)
            done(result)
        }
        running[ObjectIdentifier(call)] = call
        fill(exchange, request)
        exchange.downstream = call
        exchange.observer = call
        exchange.started = loop.now
        let timeouts = ClientTimeouts(
            connect: request.connectTimeout, response: request.timeout, idle: request.timeout, total: request.timeout)
        let connection = ClientConnection(loop: loop, owner: call, endpoint: 0, timeouts: timeouts)
        call.connection = connection
        call.body = request.body
        do throws(SystemError) {
            try connection.connect(to: request.address, for: exchange, tls: request.security as? TLSEndpoint)
        } catch {
            call.end(.failure(GatewayError(.upstreamConnectFailed, .upstream, "\(error).")))
        }
    }

    private func fill(_ exchange: Exchange, _ request: FetchRequest) {
        let head = exchange.request
        head.methodSpan = head.store { $0.append(text: request.method) }
        head.method = request.method.withView { HTTPMethod($0) }
        head.targetSpan = head.store { $0.append(text: request.target) }
        head.fields.append("host", request.host.isEmpty ? request.address.description : request.host)
        head.fields.append("user-agent", "sluice")
        head.fields.append("connection", "close")
        for (name, value) in request.headers { head.fields.append(name, value) }
        head.framing = request.body.isEmpty ? .none : .length(request.body.count)
    }
}

/// One request under way: stands where a client's connection stands otherwise.
private final class Call: Downstream, ExchangeObserver, ClientConnectionOwner {
    private let exchange: Exchange
    private let most: Int
    private var ended: ((Call, Result<FetchResponse, GatewayError>) -> Void)?
    private var received: [UInt8] = []
    var connection: ClientConnection?
    var body: [UInt8] = []

    init(_ exchange: Exchange, most: Int, ended: @escaping (Call, Result<FetchResponse, GatewayError>) -> Void) {
        self.exchange = exchange
        self.most = most
        self.ended = ended
    }

    func end(_ result: Result<FetchResponse, GatewayError>) {
        guard let ended else { return }
        self.ended = nil
        connection = nil
        ended(self, result)
    }

    // MARK: Downstream

    var isBackedUp: Bool { false }
    func sendInformational(_ exchange: Exchange) {}
    func sendHead(_ exchange: Exchange) { exchange.responseStarted = true }

    func sendBody(_ bytes: ByteView) {
        received.append(contentsOf: bytes.array)
        guard received.count > most else { return }
        let error = GatewayError(.upstreamBadResponse, .upstream, "The response is longer than \(most) bytes.")
        connection?.cancel(error)
        end(.failure(error))
    }

    func sendEnd(trailers: HeaderFields?) {
        let response = exchange.response
        var headers: [(name: String, value: String)] = []
        for i in 0..<response.fields.count where !response.fields.isRemoved(at: i) {
            headers.append((response.fields.name(at: i).string, response.fields.value(at: i).string))
        }
        end(.success(FetchResponse(status: response.status, headers: headers, body: received)))
    }

    func abort(_ error: GatewayError) { end(.failure(error)) }
    func flush() -> Bool { true }

    func wantsRequestBody() {
        guard !body.isEmpty, let upstream = exchange.upstream else { return }
        let whole = body
        body = []
        _ = whole.withView { upstream.requestBody($0) }
        upstream.requestEnd(trailers: nil)
    }

    // MARK: ExchangeObserver

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) { end(.failure(error)) }
    func finished(_ exchange: Exchange) {}

    // MARK: ClientConnectionOwner

    func released(_ connection: ClientConnection, failed: Bool) {}
    func becameIdle(_ connection: ClientConnection) { connection.close() }
    func mayServeNext() {}
    func closed(_ connection: ClientConnection) {}
}
