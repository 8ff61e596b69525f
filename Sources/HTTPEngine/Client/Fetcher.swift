package import GatewayCore
import Primitives
package import Reactor

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
        call.body = request.body
        do throws(SystemError) {
            switch request.version {
            case .http1:
                let connection = ClientConnection(loop: loop, owner: call, endpoint: 0, timeouts: timeouts)
                call.connection = connection
                try connection.connect(to: request.address, for: exchange)
            case .http2:
                let connection = HTTP2ClientConnection(loop: loop, owner: call, endpoint: 0, timeouts: timeouts)
                call.connection = connection
                try connection.connect(to: request.address)
                connection.start(exchange)
                connection.drain()
            }
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
        head.acceptsTrailers = true
        for (name, value) in request.headers { head.fields.append(name, value) }
        head.framing = request.body.isEmpty ? .none : .length(request.body.count)
    }
}

/// One request under way: stands where a client's connection stands otherwise.
private final class Call: Downstream, ExchangeObserver, ClientConnectionOwner, HTTP2ClientOwner {
    private let exchange: Exchange
    private let most: Int
    private var ended: ((Call, Result<FetchResponse, GatewayError>) -> Void)?
    private var received: [UInt8] = []
    /// Kept until the call has ended.
    var connection: AnyObject?
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
        exchange.upstream?.cancel(error)
        end(.failure(error))
    }

    func sendEnd(trailers: HeaderFields?) {
        let response = exchange.response
        let headers = Call.list(response.fields), last = trailers.map(Call.list) ?? []
        end(.success(FetchResponse(status: response.status, headers: headers, body: received, trailers: last)))
    }

    private static func list(_ fields: HeaderFields) -> [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        for i in 0..<fields.count where !fields.isRemoved(at: i) { list.append((fields.name(at: i).string, fields.value(at: i).string)) }
        return list
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

    // MARK: HTTP2ClientOwner

    func released(_ connection: HTTP2ClientConnection, failed: Bool) {}
    func closed(_ connection: HTTP2ClientConnection) {}
}
