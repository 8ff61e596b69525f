import FuzzSupport
import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting

// What a client of HTTP/2 sends behind its preface: however it is cut, the same requests come of it; what an upstream
// gets of a body is what came; and when the client has left, nothing of it is left.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard input.count > 1 else { return }
        let bytes = input.dropFirst(1).array
        let whole = serve([bytes], Choice(input[0]))
        // An answer that is sent between two pieces changes what the client may send next.
        guard input[0] & Choice.answersAtOnce == 0, frames(ofType: 9, in: bytes) <= harmlessContinuations else { return }
        for size in [1, 7, 50] where size < bytes.count {
            check(serve(pieces(bytes, of: size), Choice(input[0])) == whole, "pieces of \(size)")
        }
    }
    return 0
}

/// What the first byte of an input chooses.
private struct Choice {
    let byte: UInt8
    init(_ byte: UInt8) { self.byte = byte }

    static let answersAtOnce: UInt8 = 1
    var answersAtOnce: Bool { byte & Choice.answersAtOnce != 0 }
    /// The client reads little at a time.
    var capacity: Int? { byte & 2 != 0 ? 60 : nil }
    /// Streams are taken up by upstreams that make the client wait.
    var pausesBody: Bool { byte & 4 != 0 }
    /// Time passes before the client leaves.
    var waits: Bool { byte & 8 != 0 }
}

/// Serves the pieces, each in its own turns, and answers the requests that came of them.
private func serve(_ pieces: [[UInt8]], _ choice: Choice) -> [String] {
    let rig = Rig(choice)
    let peer = rig.network.connect(to: Rig.address, capacity: choice.capacity)
    peer.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
    rig.network.settle()
    for piece in pieces {
        peer.send(piece)
        rig.network.settle()
        _ = peer.take()
    }
    let begun = rig.begun
    rig.answerAll()
    for _ in 0..<20 {
        rig.network.settle()
        _ = peer.take()
    }
    if choice.waits { rig.network.advance(.seconds(200)) }
    peer.close()
    rig.network.settle()
    rig.network.advance(.seconds(40))
    check(rig.server.openConnections == 0, "the connection is still there")
    check(rig.pool.inUse == 0, "\(rig.pool.inUse) exchanges are still there")
    check(rig.finished == rig.begun.count, "\(rig.begun.count) exchanges began, \(rig.finished) ended")
    // The listening socket and the loop hold each other.
    rig.server.drain(grace: 0)
    return begun
}

private final class Rig: ExchangeObserver {
    static let address = MemoryNetwork.address(10)
    let network = MemoryNetwork()
    let pool: ExchangePool
    let choice: Choice
    private(set) var server: HTTPServer!
    private(set) var begun: [String] = []
    private(set) var finished = 0
    private var open: [Body] = []

    init(_ choice: Choice) {
        self.choice = choice
        pool = ExchangePool(loop: network.loop)
        var settings = ServerSettings()
        settings.served = .http2
        settings.streams = 1000
        let info = ListenerInfo(name: "fuzz", index: 0, port: 80, scheme: "http", trustedProxies: [])
        server = HTTPServer(loop: network.loop, info: info, settings: settings, pool: pool) { [unowned self] in take($0) }
        try! server.listen(on: 0, address: Rig.address)
    }

    private func take(_ exchange: Exchange) {
        exchange.observer = self
        let request = exchange.request
        checkFields(request.fields)
        check(exchange.error != nil || request.path.isEmpty || request.path[0] == UInt8(ascii: "/"), "the path \(request.path.string)")
        let what = exchange.error.map { "\($0.reason.code)" } ?? "\(request.methodName.string) \(request.target.string) \(text(request.fields))"
        // A body that failed comes to the handler again.
        if !open.contains(where: { $0.exchange === exchange }) { begun.append(what) }
        guard exchange.error == nil else { return answer(exchange) }
        let body = Body(exchange, choice)
        open.append(body)
        if choice.answersAtOnce { body.answer() } else { body.take() }
    }

    func answerAll() { for body in open { body.answer() } }

    private func answer(_ exchange: Exchange) {
        exchange.response.status = exchange.error?.reason.status ?? 200
        exchange.response.framing = .length(2)
        exchange.downstream?.sendHead(exchange)
        "no".withView { exchange.downstream?.sendBody($0) }
        exchange.downstream?.sendEnd(trailers: nil)
    }

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {}
    func finished(_ exchange: Exchange) {
        finished += 1
        open.removeAll { body in
            guard body.exchange === exchange else { return false }
            body.exchange = nil
            return true
        }
    }
}

/// Takes a request's body and gives it back as the response, with its trailers.
private final class Body: Upstream {
    var exchange: Exchange?
    private let choice: Choice
    private var hasAnswered = false
    private var hasEnded = false
    private var trailers: HeaderFields?
    private var bytes = 0

    init(_ exchange: Exchange, _ choice: Choice) {
        self.exchange = exchange
        self.choice = choice
    }

    func take() {
        guard let exchange else { return }
        exchange.upstream = self
        exchange.downstream?.wantsRequestBody()
    }

    func answer() {
        guard let exchange, !hasAnswered else { return }
        hasAnswered = true
        if !exchange.request.upgrade.isEmpty {
            exchange.tunnel = .open
            exchange.response.status = 101
        } else {
            exchange.response.status = 200
            exchange.response.framing = .chunked
        }
        exchange.downstream?.sendHead(exchange)
        "answer".withView { exchange.downstream?.sendBody($0) }
        if exchange.upstream == nil { take() } else if !hasEnded { exchange.downstream?.wantsRequestBody() }
        if hasEnded || !exchange.request.framing.hasBody, exchange.tunnel != .open { end() }
    }

    private func end() {
        exchange?.downstream?.sendEnd(trailers: trailers)
    }

    func requestBody(_ bytes: ByteView) -> Bool {
        guard let exchange else { return true }
        check(!hasEnded, "a body goes on behind its end")
        self.bytes += bytes.count
        check(exchange.requestBytes == self.bytes, "\(self.bytes) bytes came, \(exchange.requestBytes) are counted")
        if hasAnswered { exchange.downstream?.sendBody(bytes) }
        return !choice.pausesBody || hasAnswered
    }

    func requestEnd(trailers: HeaderFields?) {
        check(!hasEnded, "a body ends twice")
        hasEnded = true
        self.trailers = trailers
        if hasAnswered { end() }
    }

    func requestFlush() { exchange?.downstream?.flush() }
    func cancel(_ error: GatewayError) {}
    func downstreamWritable() {}
}
