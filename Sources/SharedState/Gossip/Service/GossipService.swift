internal import GatewayCore
internal import Identity
internal import Primitives
package import Reactor
private import Synchronization
package import Upstreams

/// The gossip of one gateway on its socket, and what uses it: the reconciliation of `local-sync`, and notices.
///
/// Confined to its loop, but for what says otherwise.
package final class GossipService: @unchecked Sendable {
    private enum Channel {
        static let reconciliation: UInt8 = 1
        static let notices: UInt8 = 2
    }

    /// How long seeds are counted as gateways although nothing was heard of them: at the start, until the first have answered.
    private static let patience: Nanoseconds = .seconds(5)

    private let loop: EventLoop
    private let resolver: Resolver
    private let store: LocalSyncStore
    private var settings: GossipServiceSettings
    private var node: GossipNode
    private var reconciler = Reconciler(capacity: GossipNode.payloadCapacity)
    private var board = NoticeBoard()
    private var socket: DatagramSocket?
    private var timer: TimerWheel.ID?
    private var nextTurn: Instant
    private let began: Instant
    private var seenVersion = 0
    private var watched: [WatchedName] = []
    private var resolved: [GossipSeed: [SocketAddress]] = [:]
    private let published: Mutex<GossipReport>
    /// Copies for other threads, who ask for notices.
    private let notices = Mutex(NoticeBoard())

    /// Binds the socket and begins. To be called on the loop.
    package init(_ settings: GossipServiceSettings, store: LocalSyncStore, loop: EventLoop, resolver: Resolver) throws(SystemError) {
        self.loop = loop
        self.resolver = resolver
        self.store = store
        self.settings = settings
        var random = FastRandom()
        let id = MemberID(max(1, random.next()))
        began = loop.now
        nextTurn = loop.now
        node = GossipNode(
            id, at: settings.advertise ?? settings.address, keys: settings.keys, seeds: [], timing: settings.timing, seed: random.next(),
            now: loop.now)
        published = Mutex(
            GossipReport(
                id: id, address: node.me.address, members: [], datagrams: GossipCounters(), reconciliation: ReconciliationReport()))
        socket = try DatagramSocket(on: settings.address, loop: loop) { [unowned self] in received($0) }
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        self.timer = timer
        watchSeeds()
        takeKeys()
        store.update(interval: settings.interval)
        arm()
    }

    /// Takes over other settings; false: they need another socket.
    package func update(_ settings: GossipServiceSettings) -> Bool {
        guard settings.shares(self.settings) else { return false }
        self.settings = settings
        watchSeeds()
        takeKeys()
        return true
    }

    /// Says goodbye and closes the socket.
    package func stop() {
        guard let timer else { return }
        reconcile()
        node.leave(wall: loop.wallClock)
        flush()
        loop.releaseTimer(timer)
        self.timer = nil
        for name in watched { name.stop() }
        socket?.close()
        socket = nil
        store.update(group: SyncGroup())
    }

    /// The address that it is bound to.
    package var address: SocketAddress { settings.address }

    /// As of the last turn. From any thread.
    package var report: GossipReport { published.withLock { $0 } }

    // MARK: Notices

    /// Lets all gateways know a short text for a while: at most 255 bytes, as the name. From any thread.
    package func put(_ name: [UInt8], _ text: [UInt8], lifetime: Nanoseconds) {
        loop.post { [self] in
            board.put(name, text, lifetime: lifetime, now: loop.now)
            notices.withLock { $0 = board }
            work()
        }
    }

    package func takeDown(_ name: [UInt8]) {
        loop.post { [self] in
            board.takeDown(name, now: loop.now)
            work()
        }
    }

    /// What this gateway or another has put up. From any thread.
    package func notice(_ name: [UInt8]) -> [UInt8]? { notices.withLock { $0.text(name, now: .now) } }

    // MARK: Settings

    private func takeKeys() {
        node.update(keys: settings.keys, seeds: seeds, now: loop.now)
        // All gateways have the older key while keys change.
        guard let secret = try? (settings.keys.previous ?? settings.keys.primary).derived("names", count: 16) else { return }
        store.update(secret: secret)
    }

    private var seeds: [SocketAddress] {
        settings.seeds.flatMap { seed -> [SocketAddress] in
            if case .address(let address) = seed { [address] } else { resolved[seed] ?? [] }
        }
    }

    private func watchSeeds() {
        for name in watched { name.stop() }
        resolved = [:]
        watched = settings.seeds.compactMap { seed in
            guard case .name(let host, let port) = seed else { return nil }
            return resolver.watch(host) { [weak self] addresses in
                guard let self else { return }
                loop.post { [self] in
                    resolved[seed] = addresses.map { .ip($0, port: port) }
                    node.update(keys: settings.keys, seeds: seeds, now: loop.now)
                    work()
                }
            }
        }
    }

    // MARK: Working

    private func received(_ bytes: ByteView) {
        node.receive(bytes.array, now: loop.now, wall: loop.wallClock)
        takeInput()
        flush()
        arm()
    }

    private func takeInput() {
        for payload in node.takeInput() {
            switch payload.channel {
            case Channel.reconciliation: reconciler.receive(payload.bytes, from: payload.sender, time)
            case Channel.notices:
                guard board.receive(payload.bytes, from: payload.sender, now: loop.now) else { continue }
                notices.withLock { $0 = board }
            default: break
            }
        }
        follow()
    }

    private var time: SyncTime { SyncTime(now: loop.now.nanoseconds, wall: loop.wallClock) }

    /// Takes over who is there, if that has changed.
    private func follow() {
        guard seenVersion != node.version || loop.now - began < GossipService.patience + .seconds(1) else { return }
        if seenVersion != node.version { board.repeatAll(now: loop.now) }
        seenVersion = node.version
        reconciler.members = node.present.map(\.id)
        store.update(group: group)
    }

    private var group: SyncGroup {
        let present = node.present.count + 1
        let expected = loop.now - began < GossipService.patience ? Set(seeds).subtracting([node.me.address]).count + 1 : 1
        return SyncGroup(present: max(present, expected), missing: node.missing.count)
    }

    private func work() {
        guard timer != nil else { return }
        node.advance(now: loop.now, wall: loop.wallClock)
        follow()
        if loop.now >= nextTurn {
            nextTurn = loop.now + settings.interval
            reconcile()
            publish()
        }
        let payloads = board.turn(now: loop.now, capacity: GossipNode.payloadCapacity)
        if !payloads.isEmpty { notices.withLock { $0 = board } }
        for payload in payloads {
            for member in reconciler.members { node.send(payload, channel: Channel.notices, to: member, wall: loop.wallClock) }
        }
        flush()
        arm()
    }

    private func reconcile() {
        reconciler.books = store.books
        for (member, bytes) in reconciler.turn(time, group) {
            node.send(bytes, channel: Channel.reconciliation, to: member, wall: loop.wallClock)
        }
    }

    private func flush() {
        for datagram in node.takeOutput() { datagram.bytes.withView { _ = socket?.send($0, to: datagram.address) } }
    }

    private func arm() {
        guard let timer else { return }
        loop.arm(timer, at: min(node.deadline, nextTurn, board.nextAt))
    }

    private func publish() {
        let now = loop.now
        let members = node.others.map { record in
            GossipReport.Member(id: record.id, address: record.address, status: record.status, silence: node.heard(record.id).map { now - $0 })
        }
        let report = GossipReport(
            id: node.id, address: node.me.address, members: members.sorted { $0.address.description < $1.address.description },
            datagrams: node.counters,
            reconciliation: ReconciliationReport(reconciler, group))
        published.withLock { $0 = report }
    }
}

extension GossipService: TimerOwner {
    package func timerFired() { work() }
}
