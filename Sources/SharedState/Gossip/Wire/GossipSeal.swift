internal import Identity

/// Why a datagram was ignored.
package enum GossipRefusal: String, Error, CaseIterable, Sendable {
    /// Not a datagram of ours, or one that says nothing sensible.
    case malformed
    case version
    /// Sealed with a key that this gateway does not have.
    case unknownKey = "unknown-key"
    /// Not made by somebody who has the key, or changed on its way.
    case forged
    case replayed
    /// Too old, or of a gateway whose clock is wrong.
    case skewed
}

/// Datagrams from messages and back.
///
///     version 1 byte, key 4 bytes, sender 8 bytes (these are authenticated), nonce, sealed message, tag
struct GossipSeal {
    static let version: UInt8 = 1
    private static let header = 13
    static let overhead = header + SealingKey.overhead
    /// Sealing keys that are remembered; who is forgotten costs a derivation.
    private static let mostKnown = 1024

    private struct KeyName: Hashable {
        let key: UInt32, sender: MemberID
    }

    let me: MemberID
    var keys: GossipKeys { didSet { known = [:] } }
    private var known: [KeyName: SealingKey] = [:]

    init(_ me: MemberID, _ keys: GossipKeys) {
        self.me = me
        self.keys = keys
    }

    /// Nil when there are no random bytes.
    mutating func seal(_ message: [UInt8], with key: GossipKey) -> [UInt8]? {
        var header = WireWriter()
        header.put(GossipSeal.version)
        header.put(key.id)
        header.put(me.number)
        guard let sealing = sealingKey(key, me), let sealed = try? sealing.seal(message, context: header.bytes) else { return nil }
        known[KeyName(key: key.id, sender: me)] = sealing
        return header.bytes + sealed
    }

    mutating func open(_ datagram: [UInt8]) throws(GossipRefusal) -> (sender: MemberID, message: [UInt8]) {
        var reader = WireReader(datagram)
        guard let version = reader.number(UInt8.self) else { throw .malformed }
        guard version == GossipSeal.version else { throw .version }
        guard let id = reader.number(UInt32.self), let number = reader.number(UInt64.self), number != 0, reader.left >= SealingKey.overhead else {
            throw .malformed
        }
        guard let key = keys.key(id) else { throw .unknownKey }
        let sender = MemberID(number)
        guard let sealing = sealingKey(key, sender),
            let message = sealing.open(Array(datagram[GossipSeal.header...]), context: Array(datagram[..<GossipSeal.header]))
        else { throw .forged }
        // Only whoever has the key gets into the table.
        if known.count >= GossipSeal.mostKnown { known = [:] }
        known[KeyName(key: id, sender: sender)] = sealing
        return (sender, message)
    }

    private func sealingKey(_ key: GossipKey, _ sender: MemberID) -> SealingKey? {
        known[KeyName(key: key.id, sender: sender)] ?? (try? key.sealingKey(of: sender))
    }
}
