import Primitives
import Reactor

@testable import SharedState

/// Gateways that share limits over a network of memory, and count what each lets pass; time is the test's.
struct SyncNetwork {
    struct Pass: Equatable {
        var time: Int
        var units: Int
    }

    let stores: [LocalSyncStore]
    private(set) var reconcilers: [Reconciler]
    let members: [MemberID]
    /// Milliseconds.
    let interval: Int
    var delay = 1...5
    /// Of 100 payloads.
    var lost = 0
    /// Of 100 payloads from one gateway to another, in place of `lost`.
    var lostBetween: (_ from: Int, _ to: Int) -> Int? = { _, _ in nil }
    /// Gateways of different numbers do not hear each other.
    var side: [Int]
    /// Whether gateways know of the sides: those of others are missing then.
    var isDetected = false
    private(set) var time = 0
    private(set) var passed: [Pass] = []
    private var random: SeededRandom
    private var flying: [Int: [(to: Int, from: Int, bytes: [UInt8])]] = [:]
    private var phases: [Int]

    /// The beginning of a minute.
    static let epoch: UInt64 = 1_800_000_000_000_000_000

    init(gateways count: Int, interval: Int = 100, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        stores = (0..<count).map { _ in LocalSyncStore() }
        reconcilers = (0..<count).map { _ in Reconciler(capacity: 1000) }
        members = (0..<count).map { MemberID(UInt64($0 + 1)) }
        side = [Int](repeating: 0, count: count)
        self.interval = interval
        phases = (0..<count).map { _ in Int.random(in: 0..<interval, using: &random) }
        self.random = random
        for store in stores {
            store.update(secret: [UInt8](0..<16))
            store.update(interval: .milliseconds(interval))
        }
        regroup()
    }

    var now: Instant { Instant(nanoseconds: 1_000_000_000_000 + UInt64(time) * 1_000_000) }
    var wall: UInt64 { SyncNetwork.epoch + UInt64(time) * 1_000_000 }
    private var stamp: SyncTime { SyncTime(now: now.nanoseconds, wall: wall) }

    func group(_ index: Int) -> SyncGroup {
        let present = isDetected ? side.count { $0 == side[index] } : side.count
        return SyncGroup(present: present, missing: side.count - present)
    }

    mutating func regroup() {
        for index in stores.indices {
            stores[index].update(group: group(index))
            reconcilers[index].members = members.indices.filter { $0 != index && (!isDetected || side[$0] == side[index]) }.map { members[$0] }
        }
    }

    func limiters(_ window: RateWindow, _ algorithm: RateAlgorithm) -> [any Limiter] {
        stores.map { $0.limiter(LimiterSpecification(name: "limit", windows: [window], algorithm: algorithm, capacity: 10_000)) }
    }

    /// Lets time pass; in every millisecond `requests` says how many come to a gateway, and `take` whether one passes.
    mutating func run(
        milliseconds: Int, _ requests: (_ gateway: Int, _ time: Int) -> Int, take: (_ gateway: Int, _ now: Instant, _ wall: UInt64) -> Bool
    ) {
        for _ in 0..<milliseconds {
            time += 1
            for (to, from, bytes) in flying.removeValue(forKey: time) ?? [] where side[to] == side[from] {
                reconcilers[to].receive(bytes, from: members[from], stamp)
            }
            for index in stores.indices {
                let count = requests(index, time)
                var units = 0
                for _ in 0..<count where take(index, now, wall) { units += 1 }
                if units > 0 { passed.append(Pass(time: time, units: units)) }
                if time % interval == phases[index] { turn(index) }
            }
        }
    }

    mutating func run(milliseconds: Int, _ limiters: [any Limiter], _ requests: (_ gateway: Int, _ time: Int) -> Int) {
        let key = Array("somebody".utf8)
        run(milliseconds: milliseconds, requests) { gateway, now, wall in
            key.withView { limiters[gateway].takeNow($0, cost: 1, now: now, wall: wall)?.allowed == true }
        }
    }

    private mutating func turn(_ index: Int) {
        reconcilers[index].books = stores[index].books
        for (member, bytes) in reconcilers[index].turn(stamp, group(index)) {
            guard let to = members.firstIndex(of: member), Int.random(in: 0..<100, using: &random) >= lostBetween(index, to) ?? lost else { continue }
            flying[time + Int.random(in: delay, using: &random), default: []].append((to, index, bytes))
        }
    }

    /// What passed in `range`.
    func units(_ range: Range<Int>) -> Int { passed.filter { range.contains($0.time) }.reduce(0) { $0 + $1.units } }

    /// The most that passed in any interval of that length.
    func most(in length: Int) -> Int {
        var most = 0, sum = 0, first = 0
        for pass in passed {
            sum += pass.units
            while passed[first].time <= pass.time - length {
                sum -= passed[first].units
                first += 1
            }
            most = max(most, sum)
        }
        return most
    }
}
