import Primitives
private import Synchronization

/// The keys that a token server signs with, made and replaced by their schedule, kept in the store.
package final class KeyRing: Sendable {
    private struct Key: Sendable {
        let signing: SigningKey
        let activates: Int
        var id: String { signing.kid ?? "" }
    }

    private struct State: Sendable {
        var keys: [Key] = []
        /// When the store was read, in seconds of the Unix clock.
        var read: Int?
    }

    private let store: any GrantStore
    private let schedule: SigningSchedule
    package let algorithm: SignatureAlgorithm
    private let state = Mutex(State())
    /// Others may share the store: their keys have to be known before they sign.
    private static let readEvery = 60

    package init(store: any GrantStore, schedule: SigningSchedule, algorithm: SignatureAlgorithm) {
        self.store = store
        self.schedule = schedule
        self.algorithm = algorithm
    }

    /// The key that signs now.
    package func signingKey(now: Int) throws(KeyRingError) -> SigningKey {
        let (keys, plan) = try current(now: now)
        guard let key = keys.first(where: { $0.id == plan.signing }) else { throw KeyRingError("there is no key to sign with") }
        return key.signing
    }

    /// All keys that tokens may be verified with.
    package func publicKeys(now: Int) throws(KeyRingError) -> JSONWebKeySet {
        JSONWebKeySet(try current(now: now).keys.compactMap { $0.signing.publicJWK })
    }

    /// Whether a key of the ring has signed the token.
    package func hasSigned(_ token: SignedToken, now: Int) throws(KeyRingError) -> Bool {
        let keys = VerifyingKeys(try publicKeys(now: now))
        do throws(TokenFlaw) {
            try token.verify(with: keys)
            return true
        } catch {
            return false
        }
    }

    private static func algorithm(of key: SigningKey) -> SignatureAlgorithm? { key.jwk.algorithm.flatMap(SignatureAlgorithm.init(rawValue:)) }

    private func current(now: Int) throws(KeyRingError) -> (keys: [Key], plan: SigningSchedule.Plan) {
        let result: Result<([Key], SigningSchedule.Plan), KeyRingError> = state.withLock { state in
            Result { () throws(KeyRingError) in
                if state.read.map({ now < $0 || now - $0 >= KeyRing.readEvery }) ?? true { try read(&state, now: now) }
                var plan = plan(state.keys, now: now)
                if let activates = plan.make {
                    try make(activates: activates, now: now)
                    try read(&state, now: now)
                    plan = self.plan(state.keys, now: now)
                }
                return (state.keys.filter { !plan.expired.contains($0.id) }, plan)
            }
        }
        return try result.get()
    }

    /// Keys of another algorithm, from settings of before, sign no more; they stay published until their record expires.
    private func plan(_ keys: [Key], now: Int) -> SigningSchedule.Plan {
        schedule.plan(
            keys.filter { KeyRing.algorithm(of: $0.signing) == algorithm }.map { SigningSchedule.Key(id: $0.id, activates: $0.activates) }, now: now)
    }

    private func read(_ state: inout State, now: Int) throws(KeyRingError) {
        do {
            state.keys = try store.records(.signingKey, now: now).map { entry in
                guard let jwk = entry.record.value["jwk"], let activates = entry.record.value["activates"]?.int else {
                    throw KeyError("the record of a signing key is malformed")
                }
                let signing = try SigningKey(try JSONWebKey(jwk))
                return Key(signing: signing, activates: activates)
            }
            state.read = now
        } catch {
            throw KeyRingError("the signing keys can't be read: \(error)")
        }
    }

    private func make(activates: Int, now: Int) throws(KeyRingError) {
        do {
            var jwk = try SigningKey.generate(algorithm).jwk
            jwk.kid = String(Base64URL.encode(try jwk.thumbprint()).prefix(16))
            jwk.use = "sig"
            jwk.algorithm = algorithm.rawValue
            let value: JSON = ["jwk": jwk.json, "activates": .number(JSONNumber(activates))]
            // While the server lives another key replaces this one long before.
            let record = GrantRecord(value, expires: activates + 2 * schedule.rotation + schedule.keep)
            try store.update(GrantKey(.signingKey, jwk.kid ?? ""), now: now) { $0 = record }
        } catch {
            throw KeyRingError("a signing key can't be made: \(error)")
        }
    }
}

package struct KeyRingError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
