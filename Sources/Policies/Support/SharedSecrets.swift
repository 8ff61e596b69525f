import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor

/// The secrets of consumers, by key id, for policies that check signatures made with them.
///
/// Each loop remembers what it has found, so that a known key costs no task, and a principal is made once.
struct SharedSecrets: Sendable {
    enum Answer: Sendable {
        case secret([UInt8], Principal)
        /// Nobody has that key id, or the credential counts no more.
        case unknown
        case unavailable
    }

    private let identities: IdentityDirectory
    private let method: String
    private let memory: LoopLocal<Memory>

    /// - Parameters:
    ///   - method: the policy's id.
    ///   - lifetime: how long an answer of the database is believed.
    init(_ context: PolicyContext, method: String, lifetime: Nanoseconds) throws(PolicyError) {
        do throws(CryptoError) { _ = try IdentityKeyMaker() } catch { throw PolicyError("key ids can't be looked up: \(error)") }
        identities = context.identities
        self.method = method
        memory = LoopLocal(loops: context.loops) { Memory(lifetime: lifetime) }
    }

    /// Nobody can have one.
    var isEmpty: Bool { identities.store == nil && identities.file.count(of: .hmac) == 0 }

    func consumer(named name: String) -> Consumer? { identities.file.consumer(named: name)?.consumer }

    /// What is known without waiting; nil: `find` has to ask the database.
    func findNow(_ keyID: String, _ exchange: Exchange) -> Answer? {
        guard let key = key(keyID, exchange) else { return .unavailable }
        if let known = memory[exchange].answer(key, now: exchange.loop.now) { return checked(known, exchange) }
        return identities.findNow(key).map { remember($0, key, keyID, exchange) }
    }

    func find(_ keyID: String, _ exchange: Exchange) async -> Answer {
        if let answer = findNow(keyID, exchange) { return answer }
        guard let key = key(keyID, exchange) else { return .unavailable }
        return remember(await identities.find(key), key, keyID, exchange)
    }

    private func key(_ keyID: String, _ exchange: Exchange) -> IdentityKey? {
        keyID.withView { memory[exchange].keys?.hmac(keyID: $0) }
    }

    private func remember(_ found: IdentityDirectory.Answer, _ key: IdentityKey, _ keyID: String, _ exchange: Exchange) -> Answer {
        let answer: Answer
        switch found {
        case .unavailable: return .unavailable
        case .none: answer = .unknown
        case .found(let record) where !record.isEnabled: answer = .unknown
        case .found(let record):
            answer = .secret(record.secret, Principal(method: method, subject: keyID, consumer: record.consumer, expires: record.expires))
        }
        memory[exchange].remember(answer, key, now: exchange.loop.now)
        return checked(answer, exchange)
    }

    private func checked(_ answer: Answer, _ exchange: Exchange) -> Answer {
        guard case .secret(_, let principal) = answer, !principal.counts(at: exchange.unixSeconds) else { return answer }
        return .unknown
    }

    /// What one loop knows. Bounded: whoever invents key ids makes it forget, and ask again.
    private struct Memory {
        static let most = 4096
        let keys = try? IdentityKeyMaker()
        let lifetime: Nanoseconds
        private var answers: [IdentityKey: (answer: Answer, until: Instant)] = [:]

        init(lifetime: Nanoseconds) { self.lifetime = lifetime }

        func answer(_ key: IdentityKey, now: Instant) -> Answer? {
            guard let known = answers[key], known.until > now else { return nil }
            return known.answer
        }

        mutating func remember(_ answer: Answer, _ key: IdentityKey, now: Instant) {
            if answers.count >= Memory.most { answers.removeAll(keepingCapacity: true) }
            answers[key] = (answer, now + lifetime)
        }
    }
}
