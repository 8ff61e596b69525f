import CAllocations
import GatewayCore
import Glibc
import HTTPEngine
import Model
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

@testable import DataPlane

/// Nothing is allocated for an exchange that is like the one before: objects, buffers and tables are used again.
@Suite struct AllocationTests {
    /// A loop on real sockets, turned by the test's thread, with a client and an upstream on the same thread.
    private final class Rig {
        let loop: EventLoop
        let worker: Worker
        let client: RawSocket
        let listener: Int32
        private var upstream: RawSocket?
        private var buffer = [UInt8](repeating: 0, count: 64 << 10)

        init(route: String, upstream: String = "") throws {
            loop = EventLoop(index: 0, backend: try EpollBackend())
            listener = try Socket.listen(on: .ip(.loopback, port: 0))
            let front = try Socket.listen(on: .ip(.loopback, port: 0))
            let address = try #require(Socket.localAddress(front)), back = try #require(Socket.localAddress(listener))
            let snapshot = try WorkerRig.compile(
                """
                listeners: [{ name: web, address: "\(address)" }]
                upstreams: [{ name: up, endpoints: [{ address: "\(back)" }]\(upstream) }]
                apis: [{ name: api, routes: [{ name: r, \(route) }, { name: s, match: { path: /unused }, upstream: up }] }]
                """)
            worker = Worker(loop: loop, view: SnapshotView(try Snapshot.empty(), lanes: [], stats: []))
            let binding = Gateway.Binding(address: address, handles: [front], listener: snapshot.configuration.listeners[0], index: 0, loops: 1)
            worker.swap(to: snapshot, endpoints: ["up": [EndpointSettings(name: "e", address: back)]], bindings: [binding], log: nil)
            client = try #require(RawSocket.connect(to: address))
            loop.turn(wait: false)
        }

        deinit {
            worker.closeAll()
            Socket.close(listener)
        }

        /// One request and its answer; `turn` turns the loop.
        func exchange(_ request: [UInt8], _ answer: [UInt8], forwards: Bool, _ turn: () -> Void) -> Bool {
            client.send(request)
            turn()
            if forwards {
                if upstream == nil {
                    upstream = RawSocket.accept(listener)
                    for _ in 0..<3 { turn() }
                }
                guard let upstream, recv(upstream.handle, &buffer, buffer.count, 0) > 0 else { return false }
                upstream.send(answer)
                turn()
            }
            let count = recv(client.handle, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count > 0 && buffer.prefix(12).elementsEqual("HTTP/1.1 200".utf8)
        }
    }

    /// Everything that watches what becomes of requests.
    private static let watched = """
        , health: { passive: { latency: {} } }, retries: { on: [reset, 503], perTry: 5s }, hedging: { after: 50ms }, limits: { adaptive: true, share: { most: 50% } }, breaker: { when: "errorRatio > 0.5 || p95 > duration('2s')" }
        """

    @Test(
        .enabled(if: allocations_of_this_thread() >= 0),
        arguments: [
            ("match: { path: \"/*\" }, upstream: up", "", true, ""),
            ("match: { path: \"/u/{id}\" }, upstream: up", "X-Request-Id: a\r\nCookie: b\r\n", true, ""),
            ("match: { path: \"/*\" }, upstream: up", "", true, watched),
            ("match: { path: \"/*\" }, respond: { body: hello }", "", false, ""),
        ]) func exchangesAllocateNothing(_ route: String, _ fields: String, _ forwards: Bool, _ upstream: String) throws
    {
        let rig = try Rig(route: route, upstream: upstream)
        let request = Array(String.get("/u/7?a=b", "User-Agent: test\r\nAccept: */*\r\n" + fields).utf8)
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello".utf8)
        for _ in 0..<50 { #expect(rig.exchange(request, answer, forwards: forwards) { rig.loop.turn(wait: false) }) }
        let rounds = 200
        var failures = 0, allocations = 0
        for _ in 0..<rounds {
            let isWell = rig.exchange(request, answer, forwards: forwards) {
                let before = allocations_of_this_thread()
                rig.loop.turn(wait: false)
                allocations += allocations_of_this_thread() - before
            }
            if !isWell { failures += 1 }
        }
        #expect(failures == 0)
        // A date a second, a table that grows: allowed; one block of memory an exchange is not. Without optimisation, though,
        // every walk over a table of header fields takes two a field.
        #if DEBUG
            let most = rounds * 40
        #else
            let most = rounds / 4
        #endif
        #expect(allocations < most, "\(Double(allocations) / Double(rounds)) blocks an exchange")
    }

    /// The count itself works, where it can.
    @Test(.enabled(if: allocations_of_this_thread() >= 0)) func allocationsAreCounted() {
        let before = allocations_of_this_thread()
        let buffers = (0..<10).map { ByteBuffer(capacity: 100 + $0) }
        #expect(allocations_of_this_thread() - before >= 20)
        #expect(buffers.reduce(0) { $0 + $1.capacity } >= 1000)
    }
}
