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
        exchange.request.compose(
            method: request.method, target: request.target, host: request.host.isEmpty ? request.address.description : request.host,
            headers: request.headers, body: request.body, closes: true)
        exchange.downstream = call
        exchange.observer = call
        exchange.started = loop.now
        let timeouts = ClientTimeouts(
            connect: request.connectTimeout, response: request.timeout, idle: request.timeout, total: request.timeout)
        call.body = request.body
        do throws(SystemError) {
            let tls = request.security as? TLSEndpoint
            switch request.version {
            case .http1:
                let connection = ClientConnection(loop: loop, owner: call, endpoint: 0, timeouts: timeouts)
                call.connection = connection
                try connection.connect(to: request.address, for: exchange, tls: tls)
            case .http2, .negotiated:
                let connection = HTTP2ClientConnection(loop: loop, owner: call, endpoint: 0, timeouts: timeouts)
                call.connection = connection
                call.takesHTTP1 = request.version == .negotiated
                try connection.connect(to: request.address, tls: tls)
                connection.start(exchange)
                connection.drain()
            }
        } catch {
            call.end(.failure(GatewayError(.upstreamConnectFailed, .upstream, "\(error).")))
        }
    }
}

/// One request under way: stands where a client's connection stands otherwise.
private final class Call: Downstream, ExchangeObserver, ClientConnectionOwner, HTTP2ClientOwner {
    private let exchange: Exchange
    private var ended: ((Call, Result<FetchResponse, GatewayError>) -> Void)?
    private var response: ResponseCollector
    /// Kept until the call has ended.
    var connection: AnyObject?
    /// Whether the upstream may choose HTTP/1.1 in the TLS handshake.
    var takesHTTP1 = false
    var body: [UInt8] = []

    init(_ exchange: Exchange, most: Int, ended: @escaping (Call, Result<FetchResponse, GatewayError>) -> Void) {
        self.exchange = exchange
        response = ResponseCollector(most: most)
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
        guard let error = response.take(bytes) else { return }
        exchange.upstream?.cancel(error)
        end(.failure(error))
    }

    func sendEnd(trailers: HeaderFields?) { end(.success(response.response(exchange.response, trailers: trailers))) }

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

    func released(_ connection: ClientConnection, _ exchange: Exchange, failed: Bool) {}
    func becameIdle(_ connection: ClientConnection) { connection.close() }
    func mayServeNext() {}
    func closed(_ connection: ClientConnection) {}

    // MARK: HTTP2ClientOwner

    func released(_ connection: HTTP2ClientConnection, _ exchange: Exchange, failed: Bool) {}
    func closed(_ connection: HTTP2ClientConnection) {}

    func goOn(overHTTP1 connection: Connection, _ security: ClientConnection.Security, of old: HTTP2ClientConnection, _ exchanges: [Exchange]) {
        let client = ClientConnection(loop: old.loop, owner: self, endpoint: 0, timeouts: old.timeouts)
        self.connection = client
        client.adopt(connection, security)
        for exchange in exchanges { client.start(exchange) }
    }
}
