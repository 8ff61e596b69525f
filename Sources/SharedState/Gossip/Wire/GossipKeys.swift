package import Identity

/// The secret that gateways share, and the keys that are made of it.
package struct GossipKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let base: [UInt8]
    /// Tells keys apart in datagrams, and says nothing about them.
    let id: UInt32

    /// - Parameter secret: any bytes that nobody can guess.
    package init(_ secret: [UInt8]) throws(CryptoError) {
        base = try KeyDerivation.sha256(secret, info: Array("sluice gossip 1".utf8))
        let name = try KeyDerivation.sha256(base, info: Array("id".utf8), count: 4)
        id = name.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The key of one sender, so that no two processes ever use the same nonce with the same key.
    func sealingKey(of member: MemberID) throws(CryptoError) -> SealingKey {
        var info = WireWriter()
        info.put(Array("sender".utf8))
        info.put(member.number)
        return try SealingKey(try KeyDerivation.sha256(base, info: info.bytes))
    }

    /// Bytes for another use, the same on all gateways.
    func derived(_ use: String, count: Int) throws(CryptoError) -> [UInt8] {
        try KeyDerivation.sha256(base, info: Array("use \(use)".utf8), count: count)
    }

    package var description: String { "gossip key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Two of them while one takes the place of the other: what comes is opened with either, what goes is sealed with the one that the
/// receiver has.
package struct GossipKeys: Sendable {
    package let primary: GossipKey
    package let previous: GossipKey?

    package init(_ primary: GossipKey, previous: GossipKey? = nil) {
        self.primary = primary
        self.previous = previous?.id == primary.id ? nil : previous
    }

    func key(_ id: UInt32) -> GossipKey? { id == primary.id ? primary : id == previous?.id ? previous : nil }
}
