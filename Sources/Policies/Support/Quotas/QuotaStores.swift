import PolicyKit
import Schema
import SharedState

/// Where a policy counts, and what becomes of its requests while nobody answers there.
struct QuotaStores: Sendable {
    let store: any SharedStore
    /// Counts while the store does not answer; nil where that can't happen, or is not wanted.
    let local: (any SharedStore)?
    let onFailure: OnStoreFailure
    let failures = StoreFailures()

    /// - Parameters:
    ///   - kind: nil for the server that the configuration names, or else memory.
    ///   - position: of the setting.
    init(_ kind: StoreKind?, at position: SourcePosition, _ onFailure: OnStoreFailure, _ context: PolicyContext) throws(PolicyError) {
        store = try context.store(kind, at: position)
        local = store.kind == .memory || onFailure != .local ? nil : context.stores.memory
        self.onFailure = onFailure
    }
}
