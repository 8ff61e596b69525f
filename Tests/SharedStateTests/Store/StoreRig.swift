import Foundation
import Glibc
import Reactor
import Synchronization
import Upstreams

@testable import SharedState

/// A store as it is used: on an event loop that turns, and for a server one that was started for the test.
final class StoreRig: Sendable {
    let store: any SharedStore
    let loop: EventLoop
    private let thread: LoopThread
    private let server: TestRedis?

    static let kinds: [StoreKind] = TestRedis.program == nil ? [.memory] : [.memory, .redis]

    /// - Parameter clock: microseconds since 1970 in place of the server's clock.
    init(_ kind: StoreKind, clock: (@Sendable () -> Int)? = nil) throws {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        self.loop = loop
        thread = try LoopThread.start("store") { loop.run() }
        guard kind == .redis else {
            store = MemoryStore()
            server = nil
            return
        }
        let server = try TestRedis()
        self.server = server
        let client = RedisClient(loops: [loop], resolver: Resolver())
        var settings = RedisClientSettings(.single(server.address))
        settings.timeout = .seconds(5)
        try client.apply(settings)
        store = RedisStore(client, clock: clock)
    }

    func stop() {
        loop.stop()
        thread.join()
        server?.stop()
    }

    /// Runs a task on the loop.
    func on<Value: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> Value) async throws -> Value {
        let loop = loop
        return try await Task(executorPreference: loop) { try await body(loop) }.value
    }
}

/// A server on a free port of loopback.
final class TestRedis: Sendable {
    static let program: String? = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first { FileManager.default.isExecutableFile(atPath: $0) }

    let address: RedisServer
    private let process: Mutex<Process>
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let socket = folder.appending(path: "s").path
        let process = Process()
        process.executableURL = URL(filePath: TestRedis.program ?? "")
        process.arguments = ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder.path]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = Mutex(process)
        address = .address(.unix(socket))
        // It writes the file's name before it listens.
        let deadline = Instant.now + .seconds(20)
        while !TestRedis.answers(socket) {
            guard Instant.now < deadline else { throw CocoaError(.fileNoSuchFile) }
            Instant.pass(.milliseconds(5))
        }
    }

    private static func answers(_ path: String) -> Bool {
        let handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
    }

    /// Killed, because it may have inherited that SIGTERM is blocked; and not waited for: that would block a thread that other tests need.
    func stop() {
        process.withLock { _ = kill($0.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }
}
