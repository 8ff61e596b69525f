import GatewayCore
import Glibc
import HTTPEngine
import Model
import Primitives
import Reactor
import ReactorTesting
import Schema
import Synchronization
import Testing

@testable import DataPlane

/// The whole data plane on real sockets: loops on threads of their own, an upstream on another.
@Suite struct GatewayTests {
    /// A gateway behind a listener whose port the kernel chose, and an upstream that answers with its name.
    private final class Stage {
        let gateway: Gateway
        let address: SocketAddress
        let upstream: TestUpstream
        private let inherited: Int32

        init(loops: Int = 2) throws {
            gateway = try Gateway(loops: loops)
            inherited = try Socket.listen(on: .ip(.loopback, port: 0))
            address = try #require(Socket.localAddress(inherited))
            upstream = try TestUpstream(name: "one")
        }

        deinit {
            gateway.stop()
            upstream.stop()
        }

        func configuration(_ routes: String? = nil, upstream settings: String = "") throws -> Configuration {
            try WorkerRig.configuration(
                """
                listeners: [{ name: web, address: "\(address)" }]
                upstreams: [{ name: up, endpoints: [{ address: "\(upstream.address)" }]\(settings) }]
                apis: [{ name: api, routes: [\(routes ?? "{ name: r, match: { path: \"/*\" }, upstream: up }")] }]
                """)
        }

        func apply(_ configuration: Configuration, version: String) -> [String] {
            gateway.apply(configuration, version: version, inherited: ["web": [inherited]]).filter { $0.severity == .error }.map(\.description)
        }

        func report() async -> [WorkerReport] {
            await withCheckedContinuation { continuation in gateway.collect { continuation.resume(returning: $0) } }
        }
    }

    @Test func aSecondConfigurationKeepsConnectionsAndCounters() async throws {
        let stage = try Stage(loops: 1)
        #expect(stage.apply(try stage.configuration(), version: "1") == [])
        #expect(stage.gateway.status(release: "x").isReady && stage.gateway.status(release: "x").generation == 1)
        let client = try #require(RawSocket.connect(to: stage.address))
        client.send(.get("/1"))
        #expect(client.receive(until: "one").hasSuffix("one"))

        let second = try stage.configuration(
            "{ name: new, match: { path: /new }, respond: { body: new! } }, { name: r, match: { path: \"/*\" }, upstream: up }")
        #expect(stage.apply(second, version: "2") == [])
        client.send(.get("/2"))
        #expect(client.receive(until: "one").hasSuffix("one"), "the client's connection has survived")
        client.send(.get("/new"))
        #expect(client.receive(until: "new!").hasSuffix("new!"))
        #expect(stage.upstream.accepted == 1, "the upstream connection has survived")

        let reports = await stage.report()
        let counts = reports.flatMap(\.routes).first { $0.index == 1 }?.statuses.map(\.count)
        #expect(counts == [2] && reports.flatMap(\.endpoints).map(\.counters.requests) == [2])
        let status = stage.gateway.status(release: "x")
        #expect(status.generation == 2 && status.configuration == "2" && status.lastError == nil)
    }

    @Test func aBadConfigurationLeavesTheOldOne() throws {
        let stage = try Stage(loops: 1)
        #expect(stage.apply(try stage.configuration(), version: "1") == [])
        // Lint would have found it; the gateway does not rely on that.
        let (tree, _) = ConfigNode.read(yaml: "apis: [{ name: api, routes: [{ match: { path: / }, upstream: nobody }] }]", file: "bad.yaml")
        let bad = try #require(Configuration.load(tree, lint: { _ in [] }).value)
        let errors = stage.apply(bad, version: "2")
        #expect(errors.count == 1 && errors[0].hasPrefix("bad.yaml:1:30: error: "), "\(errors)")
        let status = stage.gateway.status(release: "x")
        #expect(status.isReady && status.configuration == "1" && status.generation == 1 && status.lastError?.contains("nobody") == true)
        let client = try #require(RawSocket.connect(to: stage.address))
        client.send(.get())
        #expect(client.receive(until: "one").hasSuffix("one"))
        #expect(stage.apply(try stage.configuration(), version: "3") == [])
        #expect(stage.gateway.status(release: "x").lastError == nil)
    }

    @Test func aListenerThatCannotBeOpenedChangesNothing() throws {
        let stage = try Stage(loops: 1)
        #expect(stage.apply(try stage.configuration(), version: "1") == [])
        var options = Socket.ListenOptions()
        options.reusePort = false
        let taken = try Socket.listen(on: .ip(.loopback, port: 0), options)
        defer { Socket.close(taken) }
        let free = try Socket.listen(on: .ip(.loopback, port: 0))
        let freeAddress = try #require(Socket.localAddress(free))
        Socket.close(free)
        let text = """
            listeners: [{ name: free, address: "\(freeAddress)" }, { name: taken, address: "\(try #require(Socket.localAddress(taken)))" }]
            apis: []
            """
        let errors = stage.gateway.apply(try WorkerRig.configuration(text), version: "2").filter { $0.severity == .error }
        #expect(errors.count == 1 && errors[0].path == "listeners[1].address" && errors[0].line == 1 && errors[0].remedy != nil)
        #expect(stage.gateway.status(release: "x").configuration == "1")
        #expect(RawSocket.connect(to: freeAddress) == nil, "what was opened for it is closed again")
    }

    @Test func requestsDuringManySwaps() throws {
        let stage = try Stage(loops: 2)
        let configurations = [
            try stage.configuration(), try stage.configuration(upstream: ", timeouts: { response: 9s }"),
            try stage.configuration("{ name: n, match: { path: /n }, respond: { body: x } }, { name: r, match: { path: \"/*\" }, upstream: up }"),
        ]
        #expect(stage.apply(configurations[0], version: "0") == [])
        let address = stage.address
        let failures = Failures()
        let stop = Latch(1)
        let threads = try (0..<2).map { _ in
            try LoopThread.start("client") {
                guard let client = RawSocket.connect(to: address) else { return failures.add() }
                while !stop.wait(timeout: 0) {
                    client.send(.get())
                    if !client.receive(until: "one").hasSuffix("one") { failures.add() }
                }
            }
        }
        for round in 1..<40 { #expect(stage.apply(configurations[round % 3], version: "\(round)") == []) }
        stop.countDown()
        for thread in threads { thread.join() }
        #expect(failures.count == 0)
    }

    private final class Failures: Sendable {
        private let value = Atomic<Int>(0)
        func add() { value.add(1, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    @Test func drainingWaitsForWhatIsUnderWay() throws {
        let stage = try Stage(loops: 2)
        #expect(stage.apply(try stage.configuration(), version: "1") == [])
        let client = try #require(RawSocket.connect(to: stage.address)), idle = try #require(RawSocket.connect(to: stage.address))
        client.send(.get("/slow"))
        #expect(stage.upstream.slow.wait(timeout: .seconds(10)))
        let gateway = stage.gateway
        let drained = try LoopThread.start("drain") { gateway.drain(timeout: .seconds(10)) }
        #expect(idle.receive() == [], "connections at rest are closed")
        stage.upstream.goOn.countDown()
        let answer = client.receive(until: "one")
        #expect(answer.hasSuffix("one") && answer.contains("connection: close"))
        client.shutdownOutput()
        drained.join()
        #expect(RawSocket.connect(to: stage.address) == nil && !gateway.status(release: "x").isReady)
    }

    // MARK: Admin

    @Test func adminPages() throws {
        let stage = try Stage(loops: 2)
        let socket = try Socket.listen(on: .ip(.loopback, port: 0))
        let address = try #require(Socket.localAddress(socket))
        Socket.close(socket)
        try stage.gateway.serveAdmin(on: address, version: "9.9")
        func page(_ path: String) throws -> String {
            let client = try #require(RawSocket.connect(to: address))
            client.send(.get(path, "Connection: close\r\n"))
            var all = ""
            while let bytes = client.receive(), !bytes.isEmpty { all += String(decoding: bytes, as: UTF8.self) }
            return all
        }
        #expect(try page("/healthz").hasPrefix("HTTP/1.1 200 ") && page("/readyz").hasPrefix("HTTP/1.1 503 "))
        #expect(stage.apply(try stage.configuration(), version: "abc") == [])
        let client = try #require(RawSocket.connect(to: stage.address))
        client.send(.get())
        _ = client.receive(until: "one")
        #expect(try page("/readyz").hasPrefix("HTTP/1.1 200 "))
        let status = try page("/api/v1/status")
        #expect(status.contains("\"release\": \"9.9\"") && status.contains("\"version\": \"abc\"") && status.contains("\"requests\": 1"))
        #expect(try page("/metrics").contains("sluice_requests_total{api=\"api\",route=\"r\",status=\"200\"} 1\n"))
        #expect(try page("/nothing").hasPrefix("HTTP/1.1 404 "))
    }
}

/// Answers requests on a thread for each connection with the name, and what is under /slow when it is told to.
final class TestUpstream: Sendable {
    let address: SocketAddress
    /// Counted down when a request for /slow has come; `goOn` lets it be answered.
    let slow = Latch(1)
    let goOn = Latch(1)
    private let listener: Int32
    private let connections = Atomic<Int>(0)
    private let threads = Mutex<[LoopThread]>([])

    var accepted: Int { connections.load(ordering: .relaxed) }

    init(name: String) throws {
        listener = try Socket.listen(on: .ip(.loopback, port: 0))
        guard let address = Socket.localAddress(listener) else { throw TestProblem("no address") }
        self.address = address
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)"
        let acceptor = try LoopThread.start("upstream") { [self] in
            while let socket = RawSocket.accept(listener) {
                connections.add(1, ordering: .relaxed)
                try? LoopThread.start("upstream-c") { [self] in
                    while case let request = socket.receive(until: "\r\n\r\n"), !request.isEmpty {
                        if request.contains("/slow") {
                            slow.countDown()
                            goOn.wait(timeout: .seconds(10))
                        }
                        socket.send(answer)
                    }
                }.detach()
            }
        }
        threads.withLock { $0.append(acceptor) }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for thread in threads.withLock({ $0 }) { thread.join() }
        Socket.close(listener)
    }
}
