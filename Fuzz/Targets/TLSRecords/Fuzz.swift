import FuzzSupport
import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import TLS

// The accepting side of TLS on a connection. Bytes that are no handshake come to nothing, in the same way however they
// are cut. Of what a real client has sealed and somebody on the way has changed, only an unchanged beginning gets through.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard input.count > 1 else { return }
        let rest = input.dropFirst(1).array
        if input[0] & 1 == 0 { garbage(rest) } else { changed(rest) }
    }
    return 0
}

// MARK: No handshake

private func garbage(_ bytes: [UInt8]) {
    let whole = fail([bytes])
    for size in [1, 4, 100] where size < bytes.count {
        check(fail(pieces(bytes, of: size)) == whole, "pieces of \(size)")
    }
}

/// Whether the client is told that it speaks plain HTTP.
private func fail(_ pieces: [[UInt8]]) -> Bool {
    let network = MemoryNetwork()
    let pool = ExchangePool(loop: network.loop)
    let info = ListenerInfo(name: "fuzz", index: 0, port: 443, scheme: "https", trustedProxies: [])
    let server = HTTPServer(loop: network.loop, info: info, settings: ServerSettings(), pool: pool) { _ in fatalError("a request without a handshake")
    }
    server.tls = Certificates.server
    try! server.listen(on: 0, address: MemoryNetwork.address(10))
    let peer = network.connect(to: MemoryNetwork.address(10))
    network.settle()
    for piece in pieces where !peer.isClosed {
        peer.send(piece)
        network.settle()
    }
    let isTold = peer.takeText().hasPrefix("HTTP/1.1 400")
    peer.sendEnd()
    network.settle()
    network.advance(.seconds(40))
    check(peer.isClosed && server.openConnections == 0, "the connection is still there")
    check(server.counters.handshakes == 0 && server.counters.handshakeFailures == 1, "it is not counted as a failure")
    // The listening socket and the loop hold each other.
    server.drain(grace: 0)
    return isTold
}

// MARK: Changed on the way

private func changed(_ script: [UInt8]) {
    let network = MemoryNetwork()
    let recorder = ConnectionRecorder()
    let (connection, peer) = network.pair(recorder)
    guard let layer = Certificates.server.stream(), let (client, _) = Certificates.client.stream(sessions: nil) else { return }
    connection.layer = layer
    let wire = ByteBuffer()
    _ = client.begin(sealed: wire)
    var road = Road(waiting: wire.view.array)
    var sent: [UInt8] = []
    var rest = script[...]
    while let op = rest.popFirst() {
        let argument = Int(rest.popFirst() ?? 0)
        wire.clear()
        switch op % 8 {
        case 0 where client.isReady:
            let bytes = (0..<argument * 200 + 1).map { UInt8(truncatingIfNeeded: sent.count + $0) }
            // Not after an end or a failure.
            if bytes.withView({ client.seal($0, ByteView(), sealed: wire) }) { sent += bytes }
        case 1: road.flip(argument)
        case 2: road.drop(argument)
        case 3: road.repeatAll()
        case 4: road.insert(rest.popFirst() ?? 0, at: argument)
        case 5: road.deliver(argument, to: peer)
        case 6 where client.isReady: client.end(sealed: wire)
        default: road.deliver(.max, to: peer)
        }
        network.settle()
        // The way back is left alone.
        peer.take().withView { _ = client.open($0, plain: ByteBuffer(), sealed: wire) }
        road.waiting += wire.view.array
    }
    road.deliver(.max, to: peer)
    network.settle()
    check(sent.starts(with: recorder.bytes), "\(recorder.bytes.count) bytes came through that are not the beginning of \(sent.count)")
    if !road.isChanged, client.isReady { check(recorder.bytes == sent, "\(recorder.bytes.count) of \(sent.count) bytes came through unchanged") }
    peer.close()
    network.settle()
    connection.close()
    network.settle()
}

/// What the client has sealed and the server has not got.
private struct Road {
    var waiting: [UInt8]
    private(set) var isChanged = false

    init(waiting: [UInt8]) { self.waiting = waiting }

    mutating func flip(_ at: Int) {
        guard !waiting.isEmpty else { return }
        isChanged = true
        waiting[at % waiting.count] ^= UInt8(1 << (at & 7))
    }

    mutating func drop(_ count: Int) {
        guard count > 0, !waiting.isEmpty else { return }
        isChanged = true
        waiting.removeLast(min(count, waiting.count))
    }

    mutating func repeatAll() {
        guard !waiting.isEmpty, waiting.count < 1 << 18 else { return }
        isChanged = true
        waiting += waiting
    }

    mutating func insert(_ byte: UInt8, at: Int) {
        isChanged = true
        waiting.insert(byte, at: min(at, waiting.count))
    }

    mutating func deliver(_ most: Int, to peer: TestPeer) {
        let count = min(most, waiting.count)
        peer.send(Array(waiting.prefix(count)))
        waiting.removeFirst(count)
    }
}

private enum Certificates {
    static let server: TLSServerContext = {
        var settings = TLSServerSettings()
        let folder = "\(#filePath)".split(separator: "/").dropLast(4).map { "/" + $0 }.joined() + "/Tests/TLSTests/Cases/certificates"
        settings.certificates = [CertificateFiles(certificate: "\(folder)/name.crt", key: "\(folder)/leaf.key")]
        return try! TLSServerContext(settings, answerToPlainHTTP: HTTPServer.plainHTTPAnswer)
    }()

    static let client: TLSEndpoint = {
        var settings = TLSClientSettings()
        settings.verifies = false
        return TLSEndpoint(try! TLSClientContext(settings), host: .name("a.test"))
    }()
}
