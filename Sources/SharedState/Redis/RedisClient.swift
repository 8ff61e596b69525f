package import Primitives
package import Reactor
private import Synchronization
package import TLS
package import Upstreams

/// The client of a server that speaks Redis' protocol (Redis, Valkey, KeyDB), of a set with sentinels, or of a cluster.
///
/// Each event loop has connections of its own, one to each server, over which commands go without waiting for each other's answers;
/// nothing is shared by loops. While a server does not answer, commands are refused at once.
package final class RedisClient: Sendable {
    private let lanes: [RedisLane]
    private let settings = Mutex<RedisClientSettings?>(nil)

    /// - Parameter loops: those that may be named. A command on another one takes the last of these.
    package init(loops: [EventLoop], resolver: Resolver) {
        lanes = loops.map { RedisLane(loop: $0, resolver: resolver) }
    }

    /// From now on these servers are used; nil: none. The same settings change nothing: connections stay. Callable from any thread but
    /// not from two at a time.
    package func apply(_ settings: RedisClientSettings?) throws(TLSError) {
        guard settings != currentSettings else { return }
        let security: RedisSecurity?
        if let tls = settings?.tls { security = try RedisSecurity(tls) } else { security = nil }
        self.settings.withLock { $0 = settings }
        for lane in lanes { lane.loop.post { lane.use(settings, security) } }
    }

    /// What is in force; nil: no server.
    package var currentSettings: RedisClientSettings? { settings.withLock { $0 } }

    // MARK: Commands

    /// Sends the command that `write` writes; `done`, if anybody waits, is called once, on the loop: possibly before this returns.
    ///
    /// - Parameters:
    ///   - key: one of the command's keys, without what stands before all: a cluster has them all on one node, so all of a command have
    ///     the same `{tag}`. Nil: any node will do.
    ///   - isRepeatable: the command may be executed twice: it is sent again when its connection is lost.
    package func send(
        key: ByteView?, isRepeatable: Bool = false, on loop: EventLoop, _ write: (inout RedisCommand) -> Void,
        then done: RedisCompletion? = nil
    ) {
        send(key: key, isRepeatable, nil, on: loop, write, then: done)
    }

    /// Runs a script. `write` appends exactly `keys` keys, by `append(key:)`, and then `arguments` arguments.
    package func evaluate(
        _ script: RedisScript, key: ByteView, keys: Int = 1, arguments: Int, isRepeatable: Bool = false, on loop: EventLoop,
        _ write: (inout RedisCommand) -> Void, then done: RedisCompletion? = nil
    ) {
        send(
            key: key, isRepeatable, script, on: loop,
            { command in
                command.begin("EVALSHA", arguments: 2 &+ keys &+ arguments)
                command.append(script.digest)
                command.append(keys)
                write(&command)
            }, then: done)
    }

    private func send(
        key: ByteView?, _ isRepeatable: Bool, _ script: RedisScript?, on loop: EventLoop, _ write: (inout RedisCommand) -> Void,
        then done: RedisCompletion?
    ) {
        guard let lane = lane(of: loop) else { return done?(.failure(RedisClient.noLoop)) ?? () }
        if lane.loop.isCurrent {
            lane.send(key: key, isRepeatable: isRepeatable, script: script, write, then: done)
        } else {
            post(key: key, isRepeatable, script, lane, write, then: done)
        }
    }

    /// From another thread: the command is written here, and sent there.
    private func post(
        key: ByteView?, _ isRepeatable: Bool, _ script: RedisScript?, _ lane: RedisLane, _ write: (inout RedisCommand) -> Void,
        then done: RedisCompletion?
    ) {
        let prefix = Array((currentSettings?.keyPrefix ?? "").utf8)
        let out = ByteBuffer()
        var command = RedisCommand(into: out, prefix: prefix)
        write(&command)
        guard command.finish() != nil else { return done?(.failure(RedisCommand.incomplete)) ?? () }
        let bytes = out.view.array
        let slot = key.map { RedisSlot.of($0, prefix: prefix) }
        lane.loop.post { lane.send(slot: slot, isRepeatable: isRepeatable, script: script, bytes, then: done) }
    }

    private func lane(of loop: EventLoop) -> RedisLane? {
        if loop.index < lanes.count, lanes[loop.index].loop === loop { return lanes[loop.index] }
        return lanes.first { $0.loop === loop } ?? lanes.last
    }

    private static let noLoop = StoreError(.unavailable, "no event loop has connections")

    // MARK: Reports

    /// How the servers are reached from `loop`; to be called on it. Nil: it has no connections.
    package func report(on loop: EventLoop) -> RedisReport? { lanes.first { $0.loop === loop }?.report }
}
