package import GatewayCore

extension MemoryIdentityStore {
    /// Collects what a store is to hold.
    package struct Builder {
        fileprivate(set) var entries: ContiguousArray<Entry> = []
        fileprivate(set) var index: SlotIndex
        fileprivate(set) var owners: ContiguousArray<Consumer> = []
        fileprivate(set) var disabled: Set<Int> = []
        fileprivate(set) var ownerIndex: SlotIndex
        fileprivate(set) var texts: ContiguousArray<UInt8> = []
        fileprivate(set) var passwords: ContiguousArray<UInt32> = []

        /// With room for so many consumers, their applications counted as well, and credentials: no more may be added.
        package init(consumers: Int, credentials: Int) {
            index = SlotIndex(capacity: credentials)
            ownerIndex = SlotIndex(capacity: consumers)
            entries.reserveCapacity(credentials)
            owners.reserveCapacity(consumers)
        }

        /// Adds a consumer, or an application of one. Answers its place, for the credentials that belong to it.
        package mutating func add(_ consumer: Consumer, isEnabled: Bool = true) -> Int {
            let place = owners.count
            owners.append(consumer)
            if !isEnabled { disabled.insert(place) }
            ownerIndex.insert(MemoryIdentityStore.hash(consumer.name, consumer.application), place)
            return place
        }

        /// Adds a credential of the owner at that place. False: there is one of that key already, and this one is left out.
        ///
        /// - Parameters:
        ///   - id: up to 255 bytes of it are kept; nil for the beginning of the key's hash.
        ///   - secret: at most 65,535 bytes.
        package mutating func add(
            _ key: IdentityKey, owner: Int, id: String? = nil, secret: [UInt8] = [], expires: Int? = nil, isEnabled: Bool = true
        ) -> Bool {
            let known = index.find(key.digest.words.0) { entries[$0].digest == key.digest && entries[$0].kind == key.kind }
            guard known == nil, secret.count <= Int(UInt16.max), owners.indices.contains(owner) else { return false }
            let place = entries.count
            let text = texts.count
            let id = Array((id ?? "").utf8.prefix(Int(UInt8.max)))
            texts.append(contentsOf: id)
            texts.append(contentsOf: secret)
            entries.append(
                Entry(
                    digest: key.digest, expires: expires ?? .max, owner: UInt32(truncatingIfNeeded: owner), text: UInt32(truncatingIfNeeded: text),
                    secretCount: UInt16(secret.count), idCount: UInt8(id.count), kind: key.kind, isEnabled: isEnabled))
            index.insert(key.digest.words.0, place)
            if key.kind == .basic { passwords.append(UInt32(truncatingIfNeeded: place)) }
            return true
        }

        package consuming func finish() -> MemoryIdentityStore { MemoryIdentityStore(self) }
    }
}
