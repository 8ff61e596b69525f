import GatewayCore
import Glibc
import Primitives
import Reactor
import Synchronization

@testable import Telemetry

/// A loop with a turned clock, a lane, a writer and its file.
final class LogFixture {
    let backend = ManualBackend()
    let loop: EventLoop
    let writer: AccessLogWriter
    let lane: AccessLogLane
    let folder: String
    var path: String { folder + "/access.log" }

    init(_ format: AccessLogFormat = .json) throws {
        var template = Array("/tmp/sluice-telemetry-XXXXXX".utf8CString)
        mkdtemp(&template)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        loop = EventLoop(index: 0, backend: backend)
        writer = try AccessLogWriter(path: folder + "/access.log", format: format)
        lane = AccessLogLane(loop: loop, writer: writer)
    }

    deinit {
        for name in ["access.log", "old.log", "pipe"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// Hands everything over, closes, and answers the lines.
    func finish() -> [String] {
        lane.close()
        writer.close()
        return lines(path)
    }

    func lines(_ path: String) -> [String] {
        (SmallFile.read(path) ?? "").split(separator: "\n").map(String.init)
    }

    /// An exchange that began now: `GET /a?q=1` of `10.0.0.9`.
    func exchange(target: String = "/a?q=1", agent: String? = "curl/8", bytes: [UInt8]? = nil) -> Exchange {
        let exchange = Exchange(loop: loop)
        let request = exchange.request
        request.method = .get
        request.methodSpan = request.store { $0.append("GET") }
        request.targetSpan = request.store { out in
            if let bytes { bytes.withView { out.append($0) } } else { out.append(text: target) }
        }
        request.hostSpan = request.store { $0.append("api.test") }
        if let agent { request.fields.append("User-Agent", agent) }
        exchange.client.address = IPAddress(v4: 0x0a00_0009)
        exchange.listener = ListenerInfo(name: "web", index: 0, port: 80, scheme: "http", trustedProxies: [])
        exchange.started = loop.now
        exchange.status = 200
        exchange.requestBytes = 3
        exchange.responseBytes = 512
        exchange.requestID = RequestID(milliseconds: 0x0192_f0c1_0000, random: (1, 2))
        return exchange
    }
}

/// Looks every two milliseconds until the condition holds; the suite's time limit ends what never comes.
func until(_ condition: () -> Bool) async {
    while !condition(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
}

/// Problems that a writer told.
final class Told: Sendable {
    private let list = Mutex<[SystemError]>([])
    func add(_ error: SystemError) { list.withLock { $0.append(error) } }
    var errors: [SystemError] { list.withLock { $0 } }
}
