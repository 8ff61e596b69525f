import Model
import SharedState

extension SharedStores {
    /// Stores for a configuration that is checked and not served: those that a gateway would have.
    static func checking(_ configuration: Configuration) -> SharedStores {
        let stores = SharedStores()
        if configuration.state.reconciles { stores.put(LocalSyncStore(), as: .localSync) }
        return stores
    }
}
