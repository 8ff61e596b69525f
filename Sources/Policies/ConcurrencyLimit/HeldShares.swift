import GatewayCore
import Primitives
import Reactor
import SharedState
import Synchronization

/// A share of a limit that an exchange holds until it is over.
final class HeldShare {
    let key: [UInt8]
    let holder: LeaseHolder
    fileprivate let store: any SharedStore
    /// Keeps it from running out; nil where it can't.
    fileprivate let keeper: ShareKeeper?

    init(_ request: LeaseRequest, in store: any SharedStore, _ keeper: ShareKeeper?, on loop: EventLoop) {
        key = request.key
        holder = request.holder
        self.store = store
        self.keeper = keeper
        keeper?.add(self, on: loop)
    }

    func giveBack(on loop: EventLoop) {
        keeper?.remove(self)
        store.leave(key, holder, on: loop)
    }
}

/// Renews the shares that the exchanges of one event loop hold, three times in each lifetime. So the shares of a gateway that is gone are
/// free again after one lifetime, and those of a slow exchange stay its own.
final class ShareKeeper: TimerOwner {
    private let lifetime: Nanoseconds
    private var held: [[UInt8]: Set<LeaseHolder>] = [:]
    private var store: (any SharedStore)?
    /// While something is held.
    private var timer: (loop: EventLoop, id: TimerWheel.ID)?

    init(lifetime: Nanoseconds) { self.lifetime = lifetime }

    func add(_ share: HeldShare, on loop: EventLoop) {
        held[share.key, default: []].insert(share.holder)
        store = share.store
        guard timer == nil else { return }
        let id = loop.acquireTimer()
        loop.own(id, by: self)
        timer = (loop, id)
        loop.arm(id, at: loop.now + lifetime / 3)
    }

    func remove(_ share: HeldShare) {
        held[share.key]?.remove(share.holder)
        if held[share.key]?.isEmpty ?? false { held[share.key] = nil }
        guard held.isEmpty, let (loop, id) = timer else { return }
        timer = nil
        loop.releaseTimer(id)
    }

    func timerFired() {
        guard let (loop, id) = timer, let store else { return }
        for (key, holders) in held { store.renew(key, Array(holders), lifetime: lifetime, on: loop) }
        loop.arm(id, at: loop.now + lifetime / 3)
    }
}

/// Names that no other holder has, on any gateway.
enum HolderNames {
    private static let gateway = UInt64.random(in: .min ... .max)
    private static let number = Atomic<UInt64>(0)

    static func next() -> LeaseHolder { LeaseHolder(gateway: gateway, number: number.wrappingAdd(1, ordering: .relaxed).newValue) }
}
