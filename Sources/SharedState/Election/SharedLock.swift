package import Reactor

/// Something that one of several gateways does at a time, over a store that they share: held for a while, and given back.
package struct SharedLock: Sendable {
    private let store: any SharedStore
    private let key: [UInt8]
    private let holder: [UInt8]

    /// - Parameter holder: unlike every other.
    package init(_ name: String, holder: MemberID, store: any SharedStore) {
        self.store = store
        key = Array("lock/\(name)".utf8)
        self.holder = Array(holder.description.utf8)
    }

    /// True: nobody else holds it for as long as `lifetime`, unless it is given back.
    package func take(for lifetime: Nanoseconds, on loop: EventLoop) async -> Result<Bool, StoreError> {
        await store.set(key, to: holder, lifetime: lifetime, .ifAbsent, on: loop)
    }

    /// True: it is still held, for another `lifetime`.
    package func extend(for lifetime: Nanoseconds, on loop: EventLoop) async -> Result<Bool, StoreError> {
        await store.extend(key, ifEqual: holder, lifetime: lifetime, on: loop)
    }

    /// True: it was held. Somebody else's is left alone.
    package func giveBack(on loop: EventLoop) async -> Result<Bool, StoreError> { await store.remove(key, ifEqual: holder, on: loop) }
}
