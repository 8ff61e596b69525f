import Model
import SharedState
import Upstreams

extension SharedStores {
    /// Stores for a configuration that is checked and not served: those that a gateway would have.
    static func checking(_ configuration: Configuration) -> SharedStores {
        let stores = SharedStores()
        // Without loops, the server is never asked.
        if configuration.state.redis != nil { stores.put(RedisStore(RedisClient(loops: [], resolver: Resolver())), as: .redis) }
        if configuration.state.reconciles { stores.put(LocalSyncStore(), as: .localSync) }
        return stores
    }
}
