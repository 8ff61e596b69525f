import GatewayCore
import Identity
import PolicyKit
import Primitives

extension BasicAuth {
    /// Whose password it would be, and what it is verified with.
    struct Account: Sendable {
        let hash: PasswordHash
        /// Nil when nobody gets in by it, whatever comes out.
        let principal: Principal?
    }

    enum Look: Sendable {
        case account(Account)
        /// Nobody has a password.
        case none
        case unavailable
    }

    /// For a user that does not exist, the hash is that of one who does, always the same one for the same name: an unknown user takes as
    /// long as a known one, even where hashes have different costs, and asking twice tells nothing either. So it is with credentials
    /// that are over.
    func look(_ attempt: Attempt, now: Int) async -> Look {
        switch await identities.find(attempt.identity) {
        case .unavailable: return .unavailable
        case .found(let record):
            guard let hash = PasswordHash(stored: record.secret) else { break }
            let principal = Principal(
                method: BasicAuth.id, subject: String(decoding: attempt.user, as: UTF8.self), consumer: record.consumer, expires: record.expires)
            return .account(Account(hash: hash, principal: record.counts(at: now) ? principal : nil))
        case .none: break
        }
        switch await identities.decoy(for: attempt.identity) {
        case .unavailable: return .unavailable
        case .found(let record): return PasswordHash(stored: record.secret).map { .account(Account(hash: $0, principal: nil)) } ?? .none
        case .none: return .none
        }
    }
}

extension PasswordHash {
    /// As a store keeps it; it was checked when it came in.
    fileprivate init?(stored bytes: [UInt8]) {
        guard let hash = try? PasswordHash(parsing: String(decoding: bytes, as: UTF8.self)) else { return nil }
        self = hash
    }
}
