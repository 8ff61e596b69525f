import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting

/// A server over memory. Requests go to `handle`; without one they are answered with their method and path.
final class ServerRig: ExchangeObserver {
    static let address = MemoryNetwork.address(10)

    let network = MemoryNetwork()
    let pool: ExchangePool
    private(set) var server: HTTPServer!
    var handle: ((Exchange) -> Void)?
    /// Method, path, status and error of every exchange that is over.
    private(set) var log: [String] = []
    private(set) var connectionFailures: [Reason] = []

    init(trusted: [CIDR] = [], _ change: (inout ServerSettings) -> Void = { _ in }) throws {
        pool = ExchangePool(loop: network.loop)
        var settings = ServerSettings()
        change(&settings)
        let info = ListenerInfo(name: "test", index: 0, port: 80, scheme: "http", trustedProxies: trusted)
        server = HTTPServer(loop: network.loop, info: info, settings: settings, pool: pool) { [unowned self] in take($0) }
        server.connectionFailed = { [unowned self] in connectionFailures.append($0.reason) }
        try server.listen(on: 0, address: ServerRig.address)
    }

    private func take(_ exchange: Exchange) {
        exchange.observer = self
        if let error = exchange.error { return ServerRig.reply(exchange, error.reason.status, "\(error.reason.code)") }
        if let handle { return handle(exchange) }
        ServerRig.reply(exchange, 200, "\(exchange.request.methodName.string) \(exchange.request.path.string)")
    }

    func client(capacity: Int? = nil) -> TestPeer { network.connect(to: ServerRig.address, capacity: capacity) }

    /// Sends a request and answers what came back, but for the date.
    func ask(_ client: TestPeer, _ text: String) -> String {
        client.send(text)
        network.settle()
        return client.takeText().undated
    }

    func takeLog() -> [String] {
        defer { log = [] }
        return log
    }

    // MARK: Answers

    static func reply(_ exchange: Exchange, _ status: Int, _ body: String) {
        exchange.response.status = status
        exchange.response.framing = .length(body.utf8.count)
        exchange.downstream?.sendHead(exchange)
        body.withView { exchange.downstream?.sendBody($0) }
        exchange.downstream?.sendEnd(trailers: nil)
    }

    /// The same on the wire.
    static func wire(_ body: String, status: String = "200 OK", _ fields: String = "") -> String {
        "HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    // MARK: ExchangeObserver

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {}
    func finished(_ exchange: Exchange) {
        let error = exchange.error.map { " \($0.reason.code)" } ?? ""
        log.append("\(exchange.request.methodName.string) \(exchange.request.path.string) \(exchange.status)\(error)")
    }
}

/// Takes a request's body in place of an upstream.
final class BodySink: Upstream {
    var bytes: [UInt8] = []
    var trailers: [String] = []
    var hasEnded = false
    var cancelled: GatewayError?
    var writables = 0
    /// What `requestBody` answers.
    var takesMore = true

    init(_ exchange: Exchange) {
        exchange.upstream = self
        exchange.downstream?.wantsRequestBody()
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func requestBody(_ bytes: ByteView) -> Bool {
        self.bytes += bytes.array
        return takesMore
    }
    func requestEnd(trailers: HeaderFields?) {
        hasEnded = true
        guard let trailers else { return }
        self.trailers = (0..<trailers.count).filter { !trailers.isRemoved(at: $0) }
            .map { "\(trailers.name(at: $0).string): \(trailers.value(at: $0).string)" }
    }
    func requestFlush() {}
    func cancel(_ error: GatewayError) { cancelled = error }
    func downstreamWritable() { writables += 1 }
}

extension String {
    /// Without the lines that say what time it is.
    var undated: String {
        var text = self
        while let start = text.firstRange(of: "\r\ndate: "), let end = text[start.upperBound...].firstRange(of: " GMT\r\n") {
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: "\r\n")
        }
        return text
    }

    /// Every request on its own line of `GET /x` and so on, with a Host.
    static func get(_ path: String = "/", _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }
    static func post(_ body: String, _ fields: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }
}
