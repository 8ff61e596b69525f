import Expressions
import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Answers of a service that decides, as each event loop remembers them: by a hash of what they depend on.
final class DecisionMemory<Value: Sendable>: Sendable {
    enum Key: Sendable {
        /// The value of an expression.
        case expression(Expression)
        /// What was asked, which the caller brings.
        case question
    }

    private struct Local {
        let hash: KeyedHash
        var cache: DecisionCache<Value>
    }

    private let key: Key
    private let ttl: Nanoseconds
    private let local: LoopLocal<Local?>

    init(key: Key, ttl: Duration, capacity: Int, _ context: PolicyContext) throws(PolicyError) {
        self.key = key
        self.ttl = ttl.nanoseconds
        let secret: KeyedHash.Secret
        do throws(CryptoError) {
            secret = try BasicAuth.processSecret.get()
            _ = try KeyedHash(secret)
        } catch {
            throw PolicyError("answers can't be remembered: \(error)")
        }
        local = LoopLocal(loops: context.loops) {
            (try? KeyedHash(secret)).map { Local(hash: $0, cache: DecisionCache(capacity: capacity)) }
        }
    }

    /// Nil where the expression has no value.
    func key(of exchange: Exchange) -> CredentialKey? {
        guard case .expression(let expression) = key else { return nil }
        let scratch = exchange.tools.scratch
        scratch.clear()
        let value = exchange.evaluate(expression)
        guard !value.isError else { return nil }
        value.writeJSON(to: scratch)
        return local[exchange]?.hash.key(user: scratch.view, password: ByteView())
    }

    func key(of question: [UInt8], _ exchange: Exchange) -> CredentialKey? {
        question.withView { local[exchange]?.hash.key(user: $0, password: ByteView()) }
    }

    /// What is known of the exchange's key.
    func value(for exchange: Exchange) -> Value? { key(of: exchange).flatMap { value(for: $0, exchange) } }

    func value(for key: CredentialKey, _ exchange: Exchange) -> Value? { local[exchange]?.cache.value(of: key, now: exchange.loop.now) }

    func remember(_ value: Value, for key: CredentialKey, of exchange: Exchange) {
        local[exchange]?.cache.remember(value, for: key, until: exchange.loop.now + ttl)
    }
}
