import PolicyKit
import Schema
import SharedState

extension PolicyContext {
    /// The store that a policy counts with.
    ///
    /// - Parameters:
    ///   - kind: as the settings say; nil for the server of the configuration, and memory where there is none.
    ///   - position: of that setting.
    func store(_ kind: StoreKind?, at position: SourcePosition, path: String = "store") throws(PolicyError) -> any SharedStore {
        if let store = stores.store(kind) { return store }
        throw PolicyError(
            "the configuration has no such store", at: position, path: path,
            remedy: kind == .redis ? "name the server: `state: { redis: redis://… }`" : "see `state` in the configuration")
    }
}
