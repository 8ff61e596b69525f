import Reactor
import Upstreams

/// One server, and no other.
final class RedisSingle {
    let link: RedisLink
    private let owner = Owner()

    init(_ server: RedisServer, _ settings: RedisClientSettings, _ security: RedisSecurity?, _ resolver: Resolver, _ loop: EventLoop) {
        link = RedisLink(server, settings, security: security, resolver: resolver, loop: loop)
        link.owner = owner
        link.start()
    }

    private final class Owner: RedisLinkOwner {
        func isUp(_ link: RedisLink) {}
        func isDown(_ link: RedisLink) {}
        func pushed(_ reply: RedisReply, by link: RedisLink) {}

        func redirect(_ call: RedisCall, _ command: [UInt8], _ error: RedisErrorReply, from link: RedisLink) {
            link.fail(call, StoreError(.refused, "\(link.name) is a node of a cluster: `cluster` has to name its nodes"))
        }

        /// It has become a replica: its name or address may lead to another server now.
        func isNotReady(_ link: RedisLink, _ error: RedisErrorReply) {
            if error == .readOnly { link.lose(.malformed, StoreError(.unavailable, "\(link.name) is a replica")) }
        }
    }
}
