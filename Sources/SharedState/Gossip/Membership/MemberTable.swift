internal import GatewayCore
internal import Reactor

/// The members that one gateway knows, itself among them, and the news of them that it has to pass on.
struct MemberTable {
    struct Entry {
        var record: MemberRecord
        /// Since when it has this status.
        var since: Instant
    }

    private struct News {
        let id: MemberID
        var sent = 0
    }

    /// Members beyond these are not taken in.
    static let most = 1024
    /// News of a member is passed on so many times the rounds that it needs.
    private static let repetition = 3

    private(set) var me: MemberRecord
    private(set) var others: [MemberID: Entry] = [:]
    /// Counts the changes of who is present or missing.
    private(set) var version = 1
    private let timing: GossipTiming
    private var news: [News] = []
    /// Everybody, for those who have missed news: where the next datagram goes on.
    private var nextFiller = MemberID(0)

    init(_ me: MemberRecord, _ timing: GossipTiming) {
        self.me = me
        self.timing = timing
    }

    /// Others who take part, in order.
    var present: [MemberRecord] { others.values.lazy.filter(\.record.status.isPresent).map(\.record).sorted { $0.id < $1.id } }
    var presentCount: Int { others.values.count { $0.record.status.isPresent } }
    /// Others who have vanished, and may be serving somewhere.
    var missing: [MemberRecord] { others.values.lazy.filter { $0.record.status == .dead }.map(\.record).sorted { $0.id < $1.id } }

    func record(_ id: MemberID) -> MemberRecord? { others[id]?.record }

    // MARK: News

    /// Takes in what somebody says. What was known already changes nothing.
    mutating func apply(_ record: MemberRecord, now: Instant) {
        guard record.id != me.id else { return contradict(record) }
        guard let before = others[record.id] else {
            guard others.count < MemberTable.most, !isForgotten(record) else { return }
            return put(record, now)
        }
        if record.isNewer(than: before.record) { put(record, now) }
    }

    /// Whatever others believe, this gateway knows how it is.
    private mutating func contradict(_ record: MemberRecord) {
        guard me.status == .alive, record.isNewer(than: me), me.incarnation < .max else { return }
        me.incarnation = max(me.incarnation, record.incarnation == .max ? .max : record.incarnation + 1)
        pass(me.id)
    }

    private mutating func put(_ record: MemberRecord, _ now: Instant) {
        let before = others[record.id]?.record.status
        let since = Instant(nanoseconds: now.nanoseconds - min(now.nanoseconds, .seconds(Int(record.age))))
        others[record.id] = Entry(record: record, since: since)
        if before?.isPresent != record.status.isPresent || before == .dead || record.status == .dead { version += 1 }
        pass(record.id)
    }

    private mutating func pass(_ id: MemberID) {
        news.removeAll { $0.id == id }
        news.append(News(id: id))
    }

    // MARK: What this gateway finds out

    mutating func suspect(_ id: MemberID, now: Instant) {
        guard var record = others[id]?.record, record.status == .alive else { return }
        record.status = .suspect
        put(record, now)
    }

    /// Another process is where this one was.
    mutating func replaced(_ id: MemberID, now: Instant) {
        guard var record = others[id]?.record, record.status != .left else { return }
        record.status = .left
        record.age = 0
        put(record, now)
    }

    mutating func leave() {
        me.status = .left
        me.incarnation = me.incarnation == .max ? .max : me.incarnation + 1
        pass(me.id)
    }

    /// Suspects that have not contradicted are dead; who has been gone for long is forgotten.
    mutating func expire(now: Instant) {
        let patience = timing.suspicion(members: presentCount + 1)
        for (id, entry) in others {
            let length = now - entry.since
            switch entry.record.status {
            case .alive: break
            case .suspect where length >= patience:
                var record = entry.record
                record.status = .dead
                put(record, now)
            case .suspect: break
            case .dead, .left:
                let age = UInt16(clamping: length / 1_000_000_000)
                others[id]?.record.age = age
                guard isForgotten(others[id]?.record ?? entry.record) else { continue }
                others[id] = nil
                news.removeAll { $0.id == id }
                version += 1
            }
        }
    }

    /// When the next suspect is dead.
    var nextExpiry: Instant {
        let patience = timing.suspicion(members: presentCount + 1)
        return others.values.lazy.filter { $0.record.status == .suspect }.map { $0.since + patience }.min() ?? .never
    }

    private func isForgotten(_ record: MemberRecord) -> Bool {
        switch record.status {
        case .alive, .suspect: false
        case .dead: .seconds(Int(record.age)) >= timing.missing
        case .left: .seconds(Int(record.age)) >= timing.memory
        }
    }

    // MARK: Passing on

    /// Records for a datagram: news that was passed on least, then others in turn.
    mutating func takeRecords(_ most: Int, fillers: Int) -> [MemberRecord] {
        let limit = MemberTable.repetition * GossipTiming.rounds(others.count + 1)
        news.sort { $0.sent < $1.sent }
        var records: [MemberRecord] = []
        for index in news.indices.prefix(max(0, most)) {
            let id = news[index].id
            news[index].sent += 1
            if let record = id == me.id ? me : others[id]?.record { records.append(record) }
        }
        news.removeAll { $0.sent >= limit }
        let known = Set(records.map(\.id))
        for record in takeFillers(min(fillers, most - records.count)) where !known.contains(record.id) { records.append(record) }
        return records
    }

    private mutating func takeFillers(_ count: Int) -> [MemberRecord] {
        guard count > 0, !others.isEmpty else { return [] }
        let ids = others.keys.sorted()
        let start = ids.firstIndex { $0 > nextFiller } ?? 0
        let taken = (ids[start...] + ids[..<start]).prefix(count)
        nextFiller = taken.last ?? nextFiller
        return taken.compactMap { others[$0]?.record }
    }
}
