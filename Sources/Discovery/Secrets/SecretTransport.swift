import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import Synchronization
import TLS
import Upstreams

/// A request to a source of secrets.
struct SecretRequest: Sendable {
    var url: CalloutURL
    var method = "GET"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Nil for plain text.
    var security: TLSClientContext?
}

/// Sends a request and waits for the whole response, on the caller's thread.
protocol SecretTransport: Sendable {
    func send(_ request: SecretRequest, until deadline: Instant) -> Result<FetchResponse, GatewayError>
}

/// The gateway's own HTTP client, on an event loop that exists once there is something to ask.
final class LoopTransport: SecretTransport {
    private struct Engine: Sendable {
        let loop: EventLoop
        let fetcher: Fetcher
        let thread: LoopThread
    }

    private let engine = Mutex<Engine?>(nil)
    private let resolver = Resolver()
    private static let mostBytes = 4 << 20

    deinit {
        resolver.stop()
        guard let engine = engine.withLock({ $0 }) else { return }
        engine.loop.stop()
        engine.thread.join()
    }

    func send(_ request: SecretRequest, until deadline: Instant) -> Result<FetchResponse, GatewayError> {
        let engine: Engine
        do { engine = try start() } catch { return .failure(GatewayError(.internalError, "\(error)")) }
        let addresses: [IPAddress]
        switch resolve(request.url.host, until: deadline) {
        case .success(let name): addresses = name.addresses
        case .failure(let error): return .failure(GatewayError(.upstreamConnectFailed, .upstream, "\(request.url.host): \(error)."))
        }
        var last: Result<FetchResponse, GatewayError> = .failure(GatewayError(.upstreamConnectTimeout, .upstream))
        // Of several addresses the next one is asked only where the first did not even connect.
        for address in addresses.prefix(4) {
            guard Instant.now < deadline else { break }
            last = send(request, to: .ip(address, port: request.url.port), engine, until: deadline)
            guard case .failure(let error) = last, [.upstreamConnectFailed, .upstreamConnectTimeout].contains(error.reason) else { break }
        }
        return last
    }

    private func start() throws -> Engine {
        try engine.withLock { engine in
            if let engine { return engine }
            let loop = EventLoop(index: 0, backend: try EpollBackend())
            let fetcher = Fetcher(loop: loop)
            let made = Engine(loop: loop, fetcher: fetcher, thread: try LoopThread.start("secrets") { loop.run() })
            engine = made
            return made
        }
    }

    private func resolve(_ host: String, until deadline: Instant) -> Result<ResolvedName, ResolutionError> {
        let answer = Answer<Result<ResolvedName, ResolutionError>>()
        resolver.resolve(host) { answer.give($0) }
        return answer.wait(until: deadline) ?? .failure(.noAnswer("it took too long"))
    }

    private func send(
        _ request: SecretRequest, to address: SocketAddress, _ engine: Engine, until deadline: Instant
    ) -> Result<FetchResponse, GatewayError> {
        let fetch = LoopTransport.fetch(request, to: address, timeout: deadline - .now)
        let answer = Answer<Result<FetchResponse, GatewayError>>()
        engine.loop.post { engine.fetcher.start(fetch) { answer.give($0) } }
        // The fetcher keeps the time itself; the wait is longer only so that it can say what it was that took too long.
        return answer.wait(until: deadline + .seconds(1)) ?? .failure(GatewayError(.upstreamTimeout, .upstream))
    }

    private static func fetch(_ request: SecretRequest, to address: SocketAddress, timeout: Nanoseconds) -> FetchRequest {
        var fetch = FetchRequest(address: address)
        fetch.method = request.method
        fetch.target = request.url.target
        fetch.host = request.url.authority
        fetch.headers = request.headers
        fetch.body = request.body
        fetch.connectTimeout = min(timeout, .seconds(3))
        fetch.timeout = timeout
        fetch.mostBytes = mostBytes
        if let security = request.security {
            let host: TLSHost = IPAddress(parsing: request.url.host).map { .address($0) } ?? .name(request.url.host)
            fetch.security = TLSEndpoint(security, host: host)
        }
        return fetch
    }
}

/// A value that one thread waits for and another gives.
private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let latch = Latch(1)

    func give(_ given: Value) {
        value.withLock { $0 = given }
        latch.countDown()
    }

    /// Nil: it has not come in time.
    func wait(until deadline: Instant) -> Value? {
        latch.wait(timeout: deadline - .now)
        return value.withLock { $0 }
    }
}
