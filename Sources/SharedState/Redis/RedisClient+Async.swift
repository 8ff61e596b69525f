package import Primitives
package import Reactor

extension RedisClient {
    /// `send`, for tasks. `read` takes from the answer what is wanted of it, on the loop; nil: that is not there.
    package func ask<Answer: Sendable>(
        key: ByteView?, isRepeatable: Bool = false, on loop: EventLoop, _ write: (inout RedisCommand) -> Void,
        read: @escaping @Sendable (RedisReply) -> Answer?
    ) async -> Result<Answer, StoreError> {
        unsafe await withUnsafeContinuation { continuation in
            send(key: key, isRepeatable: isRepeatable, on: loop, write) { result in
                unsafe continuation.resume(returning: RedisClient.read(result, read))
            }
        }
    }

    /// `evaluate`, for tasks.
    package func evaluate<Answer: Sendable>(
        _ script: RedisScript, key: ByteView, keys: Int = 1, arguments: Int, isRepeatable: Bool = false, on loop: EventLoop,
        _ write: (inout RedisCommand) -> Void, read: @escaping @Sendable (RedisReply) -> Answer?
    ) async -> Result<Answer, StoreError> {
        unsafe await withUnsafeContinuation { continuation in
            evaluate(script, key: key, keys: keys, arguments: arguments, isRepeatable: isRepeatable, on: loop, write) { result in
                unsafe continuation.resume(returning: RedisClient.read(result, read))
            }
        }
    }

    private static func read<Answer>(
        _ result: Result<RedisReply, StoreError>, _ read: (RedisReply) -> Answer?
    ) -> Result<Answer, StoreError> {
        switch result {
        case .success(let reply):
            read(reply).map { .success($0) } ?? .failure(StoreError(.malformed, "an answer of another form than that of the command"))
        case .failure(let error): .failure(error)
        }
    }
}
