import Primitives
import Reactor
import Upstreams

/// The nodes of a cluster, each with a link, and which of them has which slots.
///
/// The map is asked for when a node is first reached, when one says that a slot is elsewhere, and when one is lost. Until it is known,
/// any node is asked and says who is right. Confined to its loop.
final class RedisCluster: RedisLinkOwner, @unchecked Sendable {
    private let seeds: [RedisServer]
    private let settings: RedisClientSettings
    private let security: RedisSecurity?
    private let resolver: Resolver
    private let loop: EventLoop
    private(set) var links: [RedisLink] = []
    /// Indices of `links`; -1: not known.
    private var slots = ContiguousArray<Int16>(repeating: -1, count: RedisSlot.count)
    /// Of nodes that are gone.
    private(set) var past = RedisCounters()
    private var isAsking = false
    private var lastAsked: Instant?

    /// The map is asked for no more often than this.
    private static let shortest = Nanoseconds.milliseconds(100)
    private static let mostNodes = 1000

    init(
        _ seeds: [RedisServer], _ settings: RedisClientSettings, _ security: RedisSecurity?, _ resolver: Resolver, _ loop: EventLoop
    ) {
        self.seeds = seeds
        self.settings = settings
        self.security = security
        self.resolver = resolver
        self.loop = loop
        addSeeds()
    }

    // MARK: Links

    /// The link for a slot; nil: no node is known.
    func link(of slot: Int?) -> RedisLink? {
        if let slot, slot >= 0, slot < slots.count {
            let index = Int(slots[slot])
            if index >= 0, index < links.count { return links[index] }
        }
        return links.first { $0.state == .up } ?? links.first { !$0.breaker.isOpen } ?? links.first
    }

    private func link(to server: RedisServer) -> Int? {
        if let index = links.firstIndex(where: { $0.server == server }) { return index }
        guard links.count < RedisCluster.mostNodes else { return nil }
        let link = RedisLink(server, settings, security: security, resolver: resolver, loop: loop)
        link.owner = self
        links.append(link)
        link.start()
        return links.count - 1
    }

    private func addSeeds() {
        for seed in seeds { _ = link(to: seed) }
    }

    // MARK: The map

    private func askForMap() {
        guard !isAsking, lastAsked.map({ loop.now - $0 >= RedisCluster.shortest }) ?? true else { return }
        let up = links.filter { $0.state == .up }
        guard let link = up.randomElement() else { return }
        isAsking = true
        lastAsked = loop.now
        link.ask { [weak self, weak link] in
            self?.told($0, by: link?.server)
        } _: {
            $0.begin("CLUSTER", arguments: 1)
            $0.append("SLOTS")
        }
    }

    private func told(_ result: Result<RedisReply, StoreError>, by server: RedisServer?) {
        isAsking = false
        guard case .success(let reply) = result, let map = RedisSlotMap(reply, from: server?.host) else { return }
        let masters = Set(map.ranges.map(\.master))
        let leaving = links.filter { link in !(link.server.map { masters.contains($0) } ?? false) }
        links.removeAll { link in leaving.contains { $0 === link } }
        for index in slots.indices { slots[index] = -1 }
        for range in map.ranges {
            guard let index = link(to: range.master).flatMap({ Int16(exactly: $0) }) else { continue }
            for slot in range.slots { slots[slot] = index }
        }
        for link in leaving {
            link.retire()
            past.add(link.total)
        }
    }

    // MARK: Told by the links

    func isUp(_ link: RedisLink) { askForMap() }

    func isDown(_ link: RedisLink) {
        guard links.contains(where: { $0 === link }) else { return }
        // All nodes may have got other addresses.
        if !links.contains(where: { $0.state == .up }) { addSeeds() }
        askForMap()
    }

    func isNotReady(_ link: RedisLink, _ error: RedisErrorReply) { askForMap() }
    func pushed(_ reply: RedisReply, by link: RedisLink) {}

    func redirect(_ call: RedisCall, _ command: [UInt8], _ error: RedisErrorReply, from link: RedisLink) {
        switch error {
        case .moved(let slot, let host, let port):
            askForMap()
            guard let target = self.link(to: server(host, port, link)) else { break }
            slots[slot] = Int16(target)
            return links[target].take(call, command)
        case .ask(let host, let port):
            guard let target = self.link(to: server(host, port, link)) else { break }
            links[target].ask(nil) { $0.begin("ASKING", arguments: 0) }
            return links[target].take(call, command)
        default:
            // The keys of the command are on two nodes for a moment.
            return link.take(call, command)
        }
        link.fail(call, StoreError(.unavailable, "the cluster has too many nodes"))
    }

    private func server(_ host: String, _ port: UInt16, _ link: RedisLink) -> RedisServer {
        RedisServer(host: host.isEmpty ? link.server?.host ?? "" : host, port: port)
    }
}
