import Primitives
import Reactor
import Upstreams

/// A master that sentinels watch: they are asked who it is, and tell when it is another one.
///
/// One sentinel is asked and listened to; when it does not answer, or does not know the master, the next one is. Confined to its loop.
final class RedisSentinel: RedisLinkOwner, @unchecked Sendable {
    let link: RedisLink
    let sentinels: RedisLink
    private let settings: RedisSentinelSettings
    private let loop: EventLoop
    private var current = 0
    private var lastAsked = Instant(nanoseconds: 0)
    /// Times that the master could not be reached, one after the other.
    private var failures = 0

    /// The master's failures let it be asked for no more often than this.
    private static let shortest = Nanoseconds.milliseconds(50)
    /// A sentinel that leads to nobody so often is cut off itself, perhaps.
    private static let mostFailures = 4

    init(
        _ sentinel: RedisSentinelSettings, _ settings: RedisClientSettings, _ security: RedisSecurity?, _ resolver: Resolver, _ loop: EventLoop
    ) {
        self.settings = sentinel
        self.loop = loop
        link = RedisLink(nil, settings, security: security, resolver: resolver, loop: loop)
        link.wantsMaster = true
        var asking = settings
        asking.username = sentinel.username
        asking.password = sentinel.password
        asking.database = 0
        asking.keyPrefix = ""
        // Sentinels answer when they have the time.
        asking.timeout = max(settings.timeout, .seconds(1))
        sentinels = RedisLink(sentinel.servers.first, asking, security: security, resolver: resolver, loop: loop)
        sentinels.isSubscriber = true
        link.owner = self
        sentinels.owner = self
        sentinels.start()
    }

    // MARK: Asking

    private func ask(thenListen: Bool) {
        lastAsked = loop.now
        let master = settings.master
        sentinels.ask { [weak self] in
            self?.told($0, thenListen: thenListen)
        } _: {
            $0.begin("SENTINEL", arguments: 2)
            $0.append("GET-MASTER-ADDR-BY-NAME")
            $0.append(master)
        }
    }

    private func told(_ result: Result<RedisReply, StoreError>, thenListen: Bool) {
        guard case .success(let reply) = result else { return }
        var elements = reply.elements
        guard let host = elements.next()?.text?.string, let port = elements.nextInteger().flatMap({ UInt16(exactly: $0) }) else {
            return sentinels.lose(.malformed, StoreError(.unavailable, "\(sentinels.name) knows no master \(settings.master)"))
        }
        if thenListen {
            sentinels.sendUnanswered {
                $0.begin("SUBSCRIBE", arguments: 1)
                $0.append("+switch-master")
            }
        }
        link.move(to: RedisServer(host: host, port: port))
    }

    private var next: RedisServer {
        current = (current + 1) % settings.servers.count
        return settings.servers[current]
    }

    // MARK: Told by the links

    func isUp(_ link: RedisLink) {
        if link === sentinels { ask(thenListen: true) } else { failures = 0 }
    }

    func isDown(_ link: RedisLink) {
        guard link === self.link else {
            if self.link.server == nil { self.link.failure = StoreError(.unavailable, "no sentinel answers: \(sentinels.failure.detail)") }
            return sentinels.aim(at: next)
        }
        failures += 1
        guard loop.now - lastAsked >= RedisSentinel.shortest, sentinels.state == .up else { return }
        if failures % RedisSentinel.mostFailures == 0, settings.servers.count > 1 {
            sentinels.move(to: next)
        } else if sentinels.speaksRESP3 {
            ask(thenListen: false)
        } else {
            // Who listens can't ask before RESP3.
            sentinels.lose(.ended, StoreError(.unavailable, "the sentinel is asked again"))
        }
    }

    func isNotReady(_ link: RedisLink, _ error: RedisErrorReply) {
        guard link === self.link, error == .readOnly else { return }
        link.lose(.malformed, StoreError(.unavailable, "\(link.name) is not the master any more"))
    }

    /// `message`, `+switch-master`, and `NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT`.
    func pushed(_ reply: RedisReply, by link: RedisLink) {
        guard link === sentinels else { return }
        var elements = reply.elements
        guard let kind = elements.next()?.text, kind == "message", elements.next() != nil, let text = elements.next()?.text?.string else { return }
        let words = text.split(separator: " ")
        guard words.count == 5, words[0] == settings.master, let port = UInt16(words[4]) else { return }
        // As good as an answer: the old one's end is no reason to ask.
        lastAsked = loop.now
        self.link.move(to: RedisServer(host: String(words[3]), port: port))
    }

    func redirect(_ call: RedisCall, _ command: [UInt8], _ error: RedisErrorReply, from link: RedisLink) {
        link.fail(call, StoreError(.refused, "\(link.name) is a node of a cluster"))
    }
}
