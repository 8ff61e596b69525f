import GatewayCore
import Identity
import Reactor

/// What one event loop needs to look credentials up, and knows of those that it has seen.
struct CredentialMemory {
    let keys: IdentityKeyMaker?
    var cache: CredentialCache<Principal>

    /// - Parameter lifetime: of good credentials; of others ten seconds at most.
    init(capacity: Int, lifetime: Nanoseconds) {
        keys = try? IdentityKeyMaker()
        cache = CredentialCache(capacity: capacity, accepted: lifetime, refused: min(lifetime, .seconds(10)))
    }
}
