internal import Primitives
internal import Reactor

/// How gateways without gossip tell each other what they have spent: by mailboxes on a Redis server, which no request waits for.
///
/// All keys have one tag, so that they are on one server of a cluster.
enum SyncMail {
    /// What a gateway finds when it looks.
    struct Found: Sendable {
        /// Chosen by the first gateway: what keys are hashed with.
        var secret: [UInt8]
        /// All gateways, and for how many milliseconds each has not looked.
        var members: [(id: MemberID, silence: Int)]
        var payloads: [(sender: MemberID, bytes: [UInt8])]
    }

    static var members: ByteView { ByteView("{sync}:members") }
    static var secret: ByteView { ByteView("{sync}:secret") }
    static func inbox(_ id: MemberID) -> String { "{sync}:inbox:\(id)" }

    /// Says that a gateway is there, and takes what others have sent to it. `KEYS`: members, inbox, secret. `ARGV`: its id, for how many
    /// milliseconds one that does not look is remembered, a secret for the case that there is none.
    static let look = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
        redis.call('SET', KEYS[3], ARGV[3], 'NX')
        local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
        for i = 2, #members, 2 do members[i] = now - tonumber(members[i]) end
        local letters = redis.call('LRANGE', KEYS[2], 0, -1)
        redis.call('DEL', KEYS[2])
        return {redis.call('GET', KEYS[3]), members, letters}
        """)

    /// Puts `ARGV[1]` into the inbox `KEYS[1]`, which a gateway that is gone leaves behind for some seconds, and not larger than some.
    static let send = RedisScript(
        """
        redis.call('RPUSH', KEYS[1], ARGV[1])
        redis.call('LTRIM', KEYS[1], -1024, -1)
        return redis.call('PEXPIRE', KEYS[1], 10000)
        """)

    /// Takes a gateway off the list: `KEYS[1]` the members, `ARGV[1]` its id.
    static let leave = RedisScript("return redis.call('ZREM', KEYS[1], ARGV[1])")

    static func letter(_ sender: MemberID, _ bytes: [UInt8]) -> [UInt8] {
        var out = WireWriter()
        out.put(sender.number)
        out.put(bytes)
        return out.bytes
    }

    static func read(_ reply: RedisReply) -> Found? {
        var parts = reply.elements
        guard let secret = parts.next()?.text?.array, let members = parts.next(), let letters = parts.next() else { return nil }
        var found = Found(secret: secret, members: [], payloads: [])
        var pairs = members.elements
        while let name = pairs.next(), let silence = pairs.nextInteger() {
            guard let id = name.text.flatMap({ UInt64($0.string, radix: 16) }) else { return nil }
            found.members.append((MemberID(id), silence))
        }
        var all = letters.elements
        while let letter = all.next() {
            guard let bytes = letter.text?.array else { return nil }
            var reader = WireReader(bytes)
            guard let sender = reader.number(UInt64.self), let rest = reader.take(reader.left) else { continue }
            found.payloads.append((MemberID(sender), Array(rest)))
        }
        return found
    }
}
