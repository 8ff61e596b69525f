import Synchronization

/// The stores of a gateway, as policies get them. Memory is always there; the others are what the configuration names.
package final class SharedStores: Sendable {
    package let memory: any SharedStore
    private let others: Mutex<[StoreKind: any SharedStore]>

    package init(memory: any SharedStore = MemoryStore(), others: [any SharedStore] = []) {
        self.memory = memory
        self.others = Mutex(Dictionary(others.map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first }))
    }

    /// The store of a kind, nil if the configuration has none. No kind: the server if there is one, otherwise memory.
    package func store(_ kind: StoreKind?) -> (any SharedStore)? {
        switch kind {
        case .memory: memory
        case .some(let kind): others.withLock { $0[kind] }
        case nil: others.withLock { $0[.redis] } ?? memory
        }
    }

    /// Those that there are.
    package var kinds: Set<StoreKind> { Set(others.withLock { $0.keys }).union([.memory]) }

    /// Offers a store from now on, or no longer.
    package func put(_ store: (any SharedStore)?, as kind: StoreKind) { others.withLock { $0[kind] = store } }
}
