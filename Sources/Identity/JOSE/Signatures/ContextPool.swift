import Synchronization

/// Contexts of libcrypto that are set up once and lent to whoever computes, so that no signature pays for setting one up.
///
/// The lock is held while one is taken or given back, never while it computes.
final class ContextPool<Context: AnyObject & Sendable>: Sendable {
    private let idle = Mutex<[Context]>([])
    private let make: @Sendable () throws(CryptoError) -> Context

    /// One is made at once, so that whoever has a pool knows that `make` works.
    init(_ make: @escaping @Sendable () throws(CryptoError) -> Context) throws(CryptoError) {
        self.make = make
        let first = try make()
        idle.withLock { $0.append(first) }
    }

    /// Lends a context that nobody else uses meanwhile. Nil: `body` says so, or there is no memory.
    func lend<R>(_ body: (Context) -> R?) -> R? {
        let taken = idle.withLock { $0.popLast() }
        guard let context = taken ?? (try? make()) else { return nil }
        defer { idle.withLock { $0.append(context) } }
        return body(context)
    }
}
