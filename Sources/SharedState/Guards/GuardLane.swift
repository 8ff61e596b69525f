package import Primitives
package import Reactor

/// The guards of one event loop: what each address may still do, taken from the shared table for many requests at once, so that a request
/// costs no lock.
///
/// A request is one of a batch that its address was granted; a refusal is remembered until it is time to ask again. So the
/// burst of an address may be exceeded by one batch for each event loop.
package final class GuardLane {
    package let table: GuardTable
    package private(set) var rules: GuardRules
    package private(set) var counters = GuardCounters()
    private let loop: EventLoop
    private var slots: ContiguousArray<Slot>
    /// Requests that are asked for at once.
    private var batch: Int
    private let secret: (UInt64, UInt64)

    /// What is known here of one address. Another one with the same place takes it over.
    private struct Slot {
        var address = IPAddress(high: 0, low: 0)
        /// Requests that were granted, and not made yet.
        var credit: Int32 = 0
        /// Requests that were refused since the table was last asked.
        var refusals: Int32 = 0
        /// Until then the answer is the last one.
        var until = Instant(nanoseconds: 0)
        var state = State.free
        var isByPrefix = false

        enum State: UInt8 { case free, counted, refused, banned, exempt }
    }

    /// 32 bytes or so each: what stays in the caches beside everything else.
    private static let slotCount = 2048
    private static let mostRefusals: Int32 = 64
    /// A ban that somebody has ended is noticed after so long.
    private static let longestMemory: Nanoseconds = .seconds(1)

    package init(loop: EventLoop, table: GuardTable, rules: GuardRules) {
        self.loop = loop
        self.table = table
        self.rules = rules
        batch = GuardLane.batch(rules)
        slots = ContiguousArray(repeating: Slot(), count: GuardLane.slotCount)
        secret = (.random(in: .min ... .max), .random(in: .min ... .max))
    }

    /// From now on other rules hold. What was granted is forgotten.
    package func update(_ rules: GuardRules) {
        guard rules !== self.rules else { return }
        self.rules = rules
        batch = GuardLane.batch(rules)
        for index in slots.indices { slots[index] = Slot() }
    }

    /// Few enough that all loops together hold next to nothing of what a limit is.
    private static func batch(_ rules: GuardRules) -> Int {
        min(max(1, min(rules.address.requests?.burst ?? .max, rules.prefix.requests?.burst ?? .max) / 64), 16)
    }

    // MARK: Requests

    /// Whether the address may make one more request.
    @inline(__always)
    package func request(_ address: IPAddress) -> GuardVerdict {
        let index = place(address)
        if slots[index].credit > 0, slots[index].address == address {
            slots[index].credit &-= 1
            return .admitted
        }
        return ask(address, index)
    }

    @inline(__always)
    private func place(_ address: IPAddress) -> Int {
        let product = (address.high ^ secret.0).multipliedFullWidth(by: address.low ^ secret.1)
        return Int(truncatingIfNeeded: (product.high ^ product.low) & UInt64(GuardLane.slotCount - 1))
    }

    @inline(never)
    private func ask(_ address: IPAddress, _ index: Int) -> GuardVerdict {
        let now = loop.now
        if slots[index].address != address || slots[index].state == .free { replace(index, by: address, now) }
        switch slots[index].state {
        case .refused, .banned:
            guard now >= slots[index].until || slots[index].refusals >= GuardLane.mostRefusals else {
                slots[index].refusals &+= 1
                return refuse(index, now)
            }
        case .exempt: return .admitted
        case .free, .counted: break
        }
        reportRefusals(index, now)
        let grant = table.take(batch, of: address, rules, now: now)
        slots[index].isByPrefix = grant.isByPrefix
        switch grant.verdict {
        case .admitted:
            slots[index].state = .counted
            slots[index].credit = Int32(clamping: grant.count - 1)
            return .admitted
        case .refused(_, let wait):
            slots[index].state = .refused
            slots[index].until = now + min(wait, GuardLane.longestMemory)
        case .banned(let left):
            slots[index].state = .banned
            slots[index].until = now + min(left, GuardLane.longestMemory)
        }
        return refuse(index, now)
    }

    private func refuse(_ index: Int, _ now: Instant) -> GuardVerdict {
        let wait = slots[index].until - now
        if slots[index].state == .banned {
            counters.banned &+= 1
            return .banned(wait)
        }
        counters.refused[GuardLimit.requests.rawValue] &+= 1
        return .refused(.requests, wait)
    }

    /// Tells the table of requests that were refused without asking it.
    private func reportRefusals(_ index: Int, _ now: Instant) {
        let slot = slots[index]
        guard slot.refusals > 0 else { return }
        slots[index].refusals = 0
        let verdict: GuardVerdict = slot.state == .banned ? .banned(0) : .refused(.requests, 0)
        let last = GuardGrant(count: 0, verdict: verdict, isByPrefix: slot.isByPrefix)
        table.refusedAgain(Int(slot.refusals), as: last, slot.address, rules, now: now)
    }

    /// Gives back what the last address of the place has not used.
    private func replace(_ index: Int, by address: IPAddress, _ now: Instant) {
        reportRefusals(index, now)
        let old = slots[index]
        if old.state == .counted, old.credit > 0 { table.giveBack(Int(old.credit), of: old.address, rules, now: now) }
        slots[index] = Slot(address: address, state: rules.exempt.contains(address) ? .exempt : .counted)
    }

    // MARK: Connections

    /// Whether a connection of the address comes in, counted if anybody counts it.
    package func enter(_ address: IPAddress, isHandshake: Bool) -> ConnectionEntry {
        guard !rules.exempt.contains(address) else { return .uncounted }
        switch table.enter(address, isHandshake: isHandshake, rules, now: loop.now) {
        case .admitted: return .counted(ConnectionTicket(issuer: self, address: address))
        case .refused(let limit, _): counters.refused[limit.rawValue] &+= 1
        case .banned: counters.banned &+= 1
        }
        return .refused
    }

    // MARK: Offences

    package func offend(_ offence: Offence, weight: Int, of address: IPAddress) {
        guard weight > 0, !rules.exempt.contains(address) else { return }
        counters.offences[offence.index] &+= 1
        table.offend(offence, weight: weight, of: address, rules, now: loop.now)
    }

    package func isBanned(_ address: IPAddress) -> Bool {
        !rules.exempt.contains(address) && table.banned(address, rules, now: loop.now) > 0
    }
}

extension GuardLane: ConnectionTicketIssuer {
    package func returned(_ address: IPAddress) { table.leave(address, rules, now: loop.now) }
}

/// What guards have refused on one loop.
package struct GuardCounters: Sendable {
    /// Connections and requests, by `GuardLimit`.
    package var refused = ContiguousArray<UInt64>(repeating: 0, count: GuardLimit.allCases.count)
    /// Connections and requests of those who are banned.
    package var banned: UInt64 = 0
    /// By `Offence.index`; what is in `refused` and `banned` is an offence beside these.
    package var offences = ContiguousArray<UInt64>(repeating: 0, count: Offence.all.count)

    package init() {}

    package mutating func add(_ other: GuardCounters) {
        for index in refused.indices where index < other.refused.count { refused[index] &+= other.refused[index] }
        for index in offences.indices where index < other.offences.count { offences[index] &+= other.offences[index] }
        banned &+= other.banned
    }
}
