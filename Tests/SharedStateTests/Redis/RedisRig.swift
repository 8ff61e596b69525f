import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Upstreams

@testable import SharedState

/// A lane over a network in memory, with a clock that the test turns. The servers are peers in the test's hands.
final class RedisRig {
    let network = MemoryNetwork()
    let lane: RedisLane
    private let notes = Notes()

    static func address(_ last: UInt32) -> SocketAddress { MemoryNetwork.address(last, port: 6379) }
    static func server(_ last: UInt32) -> RedisServer { .address(address(last)) }

    init(
        _ servers: RedisServers = .single(server(1)), routes: [SocketAddress: MemoryRoute] = [:],
        _ change: (inout RedisClientSettings) -> Void = { _ in }
    ) {
        for (address, route) in routes { network.route(address, route) }
        var settings = RedisClientSettings(servers)
        change(&settings)
        lane = RedisLane(loop: network.loop, resolver: Resolver())
        lane.use(settings, nil)
    }

    // MARK: Commands

    /// Sends `GET name`; how it ends is noted by that name.
    func get(_ name: String, isRepeatable: Bool = false) {
        name.withView { key in
            lane.send(key: key, isRepeatable: isRepeatable, script: nil) { command in
                command.begin("GET", arguments: 1)
                command.append(key: key)
            } then: { [notes] in
                notes.add(name, $0)
            }
        }
    }

    func run(_ script: RedisScript, _ name: String) {
        name.withView { key in
            lane.send(key: key, isRepeatable: false, script: script) { command in
                command.begin("EVALSHA", arguments: 3)
                command.append(script.digest)
                command.append(1)
                command.append(key: key)
            } then: { [notes] in
                notes.add(name, $0)
            }
        }
    }

    /// What has come out since the last call: `a: 1`, `b: timeout`.
    var results: [String] {
        network.settle()
        return notes.take()
    }

    var server: RedisReport.Server { lane.report.servers[0] }
    var counters: RedisCounters { lane.report.counters }

    // MARK: The other end

    /// The connection that was made last, if one was.
    func dialled() -> TestPeer? {
        network.settle()
        return network.dialled()
    }

    /// What a server has got since the last call.
    func taken(_ peer: TestPeer) -> String {
        network.settle()
        return RedisRig.words(peer.take())
    }

    /// Takes a connection and does what a good server does until it is ready.
    func accept(_ role: String? = nil) -> TestPeer? {
        guard let peer = dialled() else { return nil }
        _ = taken(peer)
        peer.send("%1\r\n+proto\r\n:3\r\n")
        if let role {
            _ = taken(peer)
            peer.send("*1\r\n$\(role.utf8.count)\r\n\(role)\r\n")
        }
        _ = taken(peer)
        peer.send("+PONG\r\n")
        network.settle()
        return peer
    }

    /// `GET a; GET b`, from the commands on the wire.
    static func words(_ bytes: [UInt8]) -> String {
        var scanner = RESPScanner()
        var rest = bytes
        var commands: [String] = []
        while !rest.isEmpty, case .complete(let length) = rest.withView({ scanner.next($0) }) {
            let value = Array(rest.prefix(length)).withView { RedisValue(RedisReply($0)) }
            commands.append((value.list ?? []).map { $0.string ?? "?" }.joined(separator: " "))
            rest.removeFirst(length)
        }
        if !rest.isEmpty { commands.append("…") }
        return commands.joined(separator: "; ")
    }
}

private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ name: String, _ result: Result<RedisReply, StoreError>) {
        let text =
            switch result {
            case .success(let reply): RESPCase.describe(RedisValue(reply))
            case .failure(let error): error.kind.rawValue
            }
        lines.withLock { $0.append("\(name): \(text)") }
    }

    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
