import Primitives
import Reactor

/// The store of all gateways that share a server which speaks Redis' protocol, a set with sentinels, or a cluster. Each decision is one
/// script, atomic on the server.
///
/// Keys are `KIND:NAME` behind the client's prefix, readable with any client. What has to be decided together stands under one key, or under keys with the
/// same `{tag}`, so that a cluster spreads everything else.
package final class RedisStore: SharedStore {
    let client: RedisClient
    /// Microseconds since 1970 in place of the server's clock: for tests.
    let clock: (@Sendable () -> Int)?

    package convenience init(_ client: RedisClient) { self.init(client, clock: nil) }

    init(_ client: RedisClient, clock: (@Sendable () -> Int)?) {
        self.client = client
        self.clock = clock
    }

    package var kind: StoreKind { .redis }

    package func limiter(_ specification: LimiterSpecification) -> any Limiter { RedisLimiter(specification, self) }

    /// `KIND:KEY`.
    func name(_ kind: StaticString, _ key: [UInt8]) -> [UInt8] {
        let out = ByteBuffer(capacity: kind.utf8CodeUnitCount + key.count)
        out.append(kind)
        key.withView { out.append($0) }
        return out.view.array
    }

    /// The time as scripts take it: nothing lets the server look at its own clock.
    func appendTime(to command: inout RedisCommand) {
        if let clock { command.append(clock()) } else { command.append(ByteView()) }
    }

    /// Runs a script and takes from its answer what is wanted.
    func run<Answer: Sendable>(
        _ script: RedisScript, _ names: [[UInt8]], arguments: Int, isRepeatable: Bool = false, on loop: EventLoop,
        _ write: (inout RedisCommand) -> Void, read: @escaping @Sendable (RedisReply) -> Answer?
    ) async -> Result<Answer, StoreError> {
        unsafe await withUnsafeContinuation { continuation in
            call(script, names, arguments: arguments, isRepeatable: isRepeatable, on: loop, write) { result in
                unsafe continuation.resume(returning: RedisStore.read(result, read))
            }
        }
    }

    /// The same for whoever waits for nothing.
    func call(
        _ script: RedisScript, _ names: [[UInt8]], arguments: Int, isRepeatable: Bool = false, on loop: EventLoop,
        _ write: (inout RedisCommand) -> Void, then done: RedisCompletion? = nil
    ) {
        (names.first ?? []).withView { first in
            client.evaluate(
                script, key: first, keys: names.count, arguments: arguments, isRepeatable: isRepeatable, on: loop,
                { command in
                    for name in names { name.withView { command.append(key: $0) } }
                    write(&command)
                }, then: done)
        }
    }

    /// One command about one key.
    func ask<Answer: Sendable>(
        _ name: [UInt8], isRepeatable: Bool = false, on loop: EventLoop, _ write: (inout RedisCommand, ByteView) -> Void,
        read: @escaping @Sendable (RedisReply) -> Answer?
    ) async -> Result<Answer, StoreError> {
        unsafe await withUnsafeContinuation { continuation in
            name.withView { name in
                client.send(key: name, isRepeatable: isRepeatable, on: loop, { write(&$0, name) }) { result in
                    unsafe continuation.resume(returning: RedisStore.read(result, read))
                }
            }
        }
    }

    private static func read<Answer>(_ result: Result<RedisReply, StoreError>, _ read: (RedisReply) -> Answer?) -> Result<Answer, StoreError> {
        result.flatMap { reply in
            read(reply).map { .success($0) } ?? .failure(StoreError(.malformed, "an answer of another form than that of the command"))
        }
    }
}

extension Nanoseconds {
    /// Whole milliseconds, rounded up, as the server counts the lives of keys.
    var milliseconds: Int { Int(clamping: self / 1_000_000 + (self % 1_000_000 > 0 ? 1 : 0)) }
}
