import GatewayCore
import Identity
import Primitives
import Reactor

/// What one event loop knows of the credentials that it has seen.
struct BasicAuthMemory {
    private let hash: KeyedHash?
    private let keys: IdentityKeyMaker?
    private var cache: CredentialCache<Principal>
    private let remembers: Bool

    /// - Parameters:
    ///   - accounts: how many are expected; twice as many right passwords have room, and as many wrong ones.
    ///   - lifetime: of right ones; 0: nothing is remembered.
    init(_ secret: KeyedHash.Secret, accounts: Int, lifetime: Nanoseconds) {
        hash = try? KeyedHash(secret)
        keys = try? IdentityKeyMaker()
        remembers = lifetime > 0
        cache = CredentialCache(
            capacity: remembers ? min(max(256, 4 * accounts), 1 << 16) : 0, accepted: lifetime, refused: min(lifetime, .seconds(10)))
    }

    func key(user: ByteView, password: ByteView) -> CredentialKey? { hash?.key(user: user, password: password) }

    /// What the user is looked up by.
    func key(user: ByteView) -> IdentityKey? { keys?.basic(user: user) }

    mutating func verdict(of key: CredentialKey, now: Instant) -> CredentialVerdict<Principal>? {
        remembers ? cache.verdict(of: key, now: now) : nil
    }

    mutating func remember(_ verdict: CredentialVerdict<Principal>, for key: CredentialKey, now: Instant) {
        if remembers { cache.remember(verdict, for: key, now: now) }
    }
}

extension BasicAuth {
    /// Of the process, not of a policy: hashing is what has to be bounded, however many policies ask for it.
    static let workers = PasswordWorkers()

    /// One for all loops and policies, so that they agree about what is the same work.
    static let processSecret: Result<KeyedHash.Secret, CryptoError> = Result { () throws(CryptoError) in try KeyedHash.Secret.random() }
}
