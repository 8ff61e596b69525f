import FuzzSupport
import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Upstreams

// What an HTTP/2 upstream sends, behind its SETTINGS, to three requests: however it is cut, the same comes of each; a
// response comes in its order; and when the upstream has left, every exchange has ended and nothing is counted as busy.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard input.count > 1 else { return }
        let bytes = input.dropFirst(1).array
        let whole = send([bytes], Choice(input[0]))
        guard frames(ofType: 9, in: bytes) <= harmlessContinuations else { return }
        for size in [1, 7, 50] where size < bytes.count {
            let cut = send(pieces(bytes, of: size), Choice(input[0]))
            if let cut, let whole { check(cut == whole, "pieces of \(size): \(cut), not \(whole)") }
        }
    }
    return 0
}

/// What the first byte of an input chooses.
private struct Choice {
    let byte: UInt8
    init(_ byte: UInt8) { self.byte = byte }
    /// The first client reads nothing before the end.
    var isSlow: Bool { byte & 1 != 0 }
    /// The body of the second request does not end.
    var keepsSending: Bool { byte & 2 != 0 }
    /// The second client leaves in the middle.
    var leaves: Bool { byte & 4 != 0 }
    /// The upstream does not close its connection: time passes.
    var waits: Bool { byte & 8 != 0 }
}

/// What became of the requests; nil when the gateway has ended a stream itself, after which it matters what it had read by then.
private func send(_ pieces: [[UInt8]], _ choice: Choice) -> [String]? {
    let network = MemoryNetwork()
    let pool = ExchangePool(loop: network.loop)
    var settings = UpstreamSettings()
    settings.version = .http2
    let endpoints = [EndpointSettings(name: "e:80", address: MemoryNetwork.address(100))]
    let lane = UpstreamLane(loop: network.loop, settings: settings, endpoints: endpoints)
    let clients = [
        Client(pool, lane, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Client(pool, lane, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", body: choice.keepsSending ? "hell" : "hello"),
        Client(pool, lane, "GET /c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", asksUpgrade: true),
    ]
    clients[0].takes = !choice.isSlow
    for client in clients { client.send() }
    network.settle()
    guard let peer = network.dialled() else { fatalError("nothing was dialled") }
    // SETTINGS with extended CONNECT, and the acknowledgement of the gateway's.
    peer.send([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4, 1, 0, 0, 0, 0])
    network.settle()
    for piece in pieces {
        peer.send(piece)
        network.settle()
        _ = peer.take()
    }
    if choice.leaves { clients[1].leave() }
    let seen = clients.map(\.summary)
    let hasEndedStreams = clients[2].isOver || (choice.keepsSending && clients[1].isOver)
    clients[0].takes = true
    clients[0].resume()
    network.settle()
    if choice.waits { network.advance(.seconds(100)) }
    peer.close()
    network.settle()
    network.advance(.seconds(100))
    for client in clients {
        check(client.isOver, "an exchange is still open")
        client.giveBack()
    }
    check(lane.isQuiet && lane.endpoints[0].open == 0, "\(lane.endpoints[0].open) connections, quiet: \(lane.isQuiet)")
    check(pool.inUse == 0, "\(pool.inUse) exchanges are still there")
    return hasEndedStreams ? nil : seen
}

/// Stands where the client's connection stands otherwise.
private final class Client: Downstream, ExchangeObserver {
    private let exchange: Exchange
    private let pool: ExchangePool
    private let lane: UpstreamLane
    private let body: String?
    var takes = true
    private var state = State.waiting
    private var interim = 0
    private var bytes = 0
    /// What came after the head, when all of it came.
    private var end = ""

    private enum State { case waiting, open, complete, failed, cut, left }

    init(_ pool: ExchangePool, _ lane: UpstreamLane, _ request: String, body: String? = nil, asksUpgrade: Bool = false) {
        self.pool = pool
        self.lane = lane
        self.body = body
        exchange = pool.take()
        _ = request.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        if !asksUpgrade { exchange.request.fields.removeHopByHop() } else { exchange.tunnel = .asked }
        exchange.downstream = self
        exchange.observer = self
    }

    var isOver: Bool { state != .waiting && state != .open }
    var summary: String { "\(state) \(exchange.response.status) \(interim) \(end)" }

    func send() {
        exchange.started = lane.loop.now
        lane.send(exchange)
    }

    func resume() { if !isOver { exchange.upstream?.downstreamWritable() } }

    func leave() {
        guard !isOver else { return }
        exchange.upstream?.cancel(GatewayError(.clientClosed))
        exchange.upstream = nil
        state = .left
    }

    func giveBack() { pool.giveBack(exchange) }

    // MARK: Downstream

    var isBackedUp: Bool { !takes }

    func sendInformational(_ exchange: Exchange) {
        check(state == .waiting && exchange.response.status < 200, "an interim response comes too late")
        interim += 1
    }

    func sendHead(_ exchange: Exchange) {
        check(state == .waiting, "a second head, in state \(state)")
        checkFields(exchange.response.fields)
        exchange.responseStarted = true
        state = .open
    }

    func sendBody(_ bytes: ByteView) {
        check(state == .open, "a body in state \(state)")
        self.bytes += bytes.count
    }

    func sendEnd(trailers: HeaderFields?) {
        check(state == .open, "an end in state \(state)")
        if case .length(let length) = exchange.response.framing, exchange.tunnel != .open {
            check(bytes == length, "\(bytes) bytes of \(length) are complete")
        }
        trailers.map(checkFields)
        state = .complete
        end = "\(bytes) \(trailers.map { text($0) } ?? [])"
    }

    func abort(_ error: GatewayError) {
        check(state == .open, "cut in state \(state)")
        state = .cut
        // Whether the stream or the whole connection is to blame depends on what has been read by then.
    }

    func flush() -> Bool { takes }

    func wantsRequestBody() {
        guard let body, let upstream = exchange.upstream, !isOver else { return }
        _ = body.withView { upstream.requestBody($0) }
        if body.count == 5 { upstream.requestEnd(trailers: nil) }
        upstream.requestFlush()
    }

    // MARK: ExchangeObserver

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }

    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        check(state == .waiting, "failed in state \(state)")
        state = .failed
        end = "\(error.reason.code)"
    }

    func finished(_ exchange: Exchange) {}
}
