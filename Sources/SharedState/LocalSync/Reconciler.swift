internal import Reactor

/// Tells other gateways what this one has spent of what is scarce, and takes in what they say: what goes on in the background of
/// `local-sync`. Records and time go in, records come out; what is decided meanwhile needs none of it.
///
/// Only what some gateway has asked for more of is told at all. A gateway that asks is told by all others what they have spent and how
/// much of its own spending they know; when all leave it more, it has more.
struct Reconciler {
    /// Another gateway, as far as one subject goes.
    struct Peer {
        var generation: UInt64 = 0
        var spent: UInt64 = 0
        var returned: UInt64 = 0
        var isActive = false
        /// What it says that it knows of this gateway.
        var knownGeneration: UInt64 = 0
        var known: UInt64 = 0
        var grants = false
        var heard: UInt64
        /// It has said something that it has not been told is known.
        var isOwed = false
        var sentAt: UInt64 = 0
        var sentSpent: UInt64 = .max
        var sentReturned: UInt64 = 0
    }

    struct Subject {
        var peers: [MemberID: Peer] = [:]
        var generation: UInt64 = 0
        /// How often others are still told that this gateway does not ask for more any longer.
        var farewells = 0
    }

    struct Counters: Equatable, Sendable {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        /// Pages that say nothing sensible, or of books that this gateway does not have.
        var refused: UInt64 = 0
        /// Records that had to wait for the next turn, because there were too many.
        var postponed: UInt64 = 0
    }

    /// A gateway that has spent nothing for so long asks for no more.
    static let quiet: Nanoseconds = .seconds(5)
    /// One that asks says so at least so often, and is forgotten when it has not for three times as long.
    static let reminder: Nanoseconds = .seconds(1)
    private static let farewells = 3
    /// Subjects that are told at a time; others stay at the quiet share.
    static let mostSubjects = 16_384
    private static let mostAsleep = 262_144
    private static let pauseOfSweeps: Nanoseconds = .seconds(10)

    /// What is counted, by its name on the wire.
    var books: [UInt64: any SyncBook] = [:] {
        didSet {
            guard books.count < oldValue.count else { return }
            subjects = subjects.filter { books[$0.key.book] != nil }
            asleep = asleep.filter { books[$0.key.book] != nil }
        }
    }
    /// Those that somebody asks for more of, or has until a moment ago.
    private(set) var subjects: [SyncSubject: Subject] = [:]
    /// Those that nobody does at the moment: what is known of others is kept until it does not matter any more.
    private(set) var asleep: [SyncSubject: Subject] = [:]
    private var sweepAt: UInt64 = 0
    private(set) var counters = Counters()
    /// Others who take part, and whether some have vanished.
    var members: [MemberID] = []
    /// Payloads for one gateway in one turn.
    private let mostPages: Int
    private let capacity: Int
    private var rotation = 0

    init(capacity: Int, mostPages: Int = 32) {
        self.capacity = capacity
        self.mostPages = mostPages
    }

    // MARK: What others say

    mutating func receive(_ bytes: [UInt8], from sender: MemberID, _ time: SyncTime) {
        guard members.contains(sender), let page = SyncPage(bytes: bytes), let book = books[page.book] else {
            counters.refused += 1
            return
        }
        for record in page.records {
            counters.received += 1
            take(record, SyncSubject(book: page.book, key: record.key), sender, book, time)
        }
    }

    private mutating func take(_ record: SyncRecord, _ id: SyncSubject, _ sender: MemberID, _ book: any SyncBook, _ time: SyncTime) {
        // One that asks for nothing and answers nothing is not worth remembering.
        guard wake(id) || record.isActive && open(id) else { return }
        var peer = subjects[id]?.peers[sender] ?? Peer(heard: time.now)
        peer.heard = time.now
        if record.wantsAnswer || record.isActive != peer.isActive { peer.isOwed = true }
        peer.isActive = record.isActive
        peer.grants = record.grants
        peer.learn(record)
        if let units = peer.follow(record) { book.charge(record.key, units, ends: record.ends, time) }
        subjects[id]?.peers[sender] = peer
    }

    /// True: it is there, and worked on.
    private mutating func wake(_ id: SyncSubject) -> Bool {
        if subjects[id] != nil { return true }
        subjects[id] = asleep.removeValue(forKey: id)
        return subjects[id] != nil
    }

    /// False: there are too many.
    private mutating func open(_ id: SyncSubject) -> Bool {
        guard subjects.count < Reconciler.mostSubjects else { return false }
        subjects[id] = Subject()
        return true
    }

    // MARK: What others are told

    /// What is to be sent now.
    mutating func turn(_ time: SyncTime, _ group: SyncGroup) -> [(to: MemberID, bytes: [UInt8])] {
        for (id, book) in books {
            for key in book.takeAsked() {
                let subject = SyncSubject(book: id, key: key)
                if !wake(subject), !open(subject) { book.settle(key, known: 0, weight: 0, isActive: false) }
            }
        }
        var pages: [MemberID: [UInt64: [SyncRecord]]] = [:]
        for subject in Array(subjects.keys) {
            guard let book = books[subject.book] else { continue }
            for (member, record) in tell(subject, book, time, group) { pages[member, default: [:]][subject.book, default: []].append(record) }
        }
        sweep(time)
        return members.flatMap { member in pack(pages[member] ?? [:], for: member) }
    }

    /// Records for one gateway as payloads. Those that there are too many of come first the next time.
    private mutating func pack(_ books: [UInt64: [SyncRecord]], for member: MemberID) -> [(to: MemberID, bytes: [UInt8])] {
        var payloads: [(to: MemberID, bytes: [UInt8])] = []
        for (book, records) in books.sorted(by: { $0.key < $1.key }) {
            payloads += SyncPage.payloads(book: book, records, capacity: capacity).map { (member, $0) }
            counters.sent += UInt64(records.count)
        }
        guard payloads.count > mostPages else { return payloads }
        counters.postponed += UInt64(payloads.count - mostPages)
        rotation = (rotation + mostPages) % payloads.count
        return Array((payloads[rotation...] + payloads[..<rotation]).prefix(mostPages))
    }

    /// Brings one subject up to date; answers what is to be said of it.
    private mutating func tell(
        _ id: SyncSubject, _ book: any SyncBook, _ time: SyncTime, _ group: SyncGroup
    ) -> [(MemberID, SyncRecord)] {
        guard var subject = subjects[id] else { return [] }
        let state = book.state(id.key, time)
        let present = Set(members)
        subject.peers = subject.peers.filter { present.contains($0.key) }
        for (member, peer) in subject.peers where peer.isActive && time.now &- min(time.now, peer.heard) > 3 * Reconciler.reminder {
            subject.peers[member]?.isActive = false
        }
        let wasActive = state?.isActive ?? false
        let isActive = wasActive && time.now &- min(time.now, state?.lastSpent ?? 0) < Reconciler.quiet
        if wasActive, !isActive { subject.farewells = Reconciler.farewells }
        if let state {
            subject.generation = state.generation
            let grants = members.allSatisfy { member in
                subject.peers[member].map { $0.grants && $0.knownGeneration == state.generation } ?? false
            }
            let actives = members.count { subject.peers[$0]?.isActive == true } + 1
            let known =
                members.lazy.map { member -> UInt64 in
                    guard let peer = subject.peers[member], peer.knownGeneration == state.generation else { return 0 }
                    return peer.known
                }.min() ?? state.spent
            book.settle(id.key, known: known, weight: isActive && grants ? group.activeWeight(actives) : 0, isActive: isActive)
        }
        var records: [(MemberID, SyncRecord)] = []
        for member in members {
            if let record = record(for: member, id, &subject, state, isActive, time) { records.append((member, record)) }
        }
        if subject.farewells > 0 { subject.farewells -= 1 }
        let rests = !isActive && subject.farewells == 0 && !subject.peers.values.contains { $0.isActive || $0.isOwed }
        subjects[id] = rests ? nil : subject
        if rests, asleep.count < Reconciler.mostAsleep { asleep[id] = subject }
        return records
    }

    /// Forgets what has no effect on any limit any more.
    private mutating func sweep(_ time: SyncTime) {
        guard time.now >= sweepAt else { return }
        sweepAt = time.now &+ Reconciler.pauseOfSweeps
        asleep = asleep.filter { id, _ in books[id.book]?.state(id.key, time) != nil }
    }

    private func record(
        for member: MemberID, _ id: SyncSubject, _ subject: inout Subject, _ state: SyncState?, _ isActive: Bool, _ time: SyncTime
    ) -> SyncRecord? {
        var peer = subject.peers[member] ?? Peer(heard: 0)
        let generation = state?.generation ?? 0, spent = state?.spent ?? 0, returned = state?.returned ?? 0
        let isKnown = peer.knownGeneration == generation && peer.known >= spent && peer.sentReturned == returned
        let isNews = isActive && (!isKnown || peer.sentSpent != spent)
        let isDue = isActive && (time.now &- min(time.now, peer.sentAt) >= Reconciler.reminder || !peer.grants)
        guard isNews || isDue || peer.isOwed || subject.farewells > 0 else { return nil }
        let record = SyncRecord(
            key: id.key, generation: generation, spent: spent, returned: returned, isActive: isActive, grants: peer.isActive,
            wantsAnswer: isActive && (!isKnown || !peer.grants), knownGeneration: peer.generation, known: peer.spent,
            recent: peer.knownGeneration == generation ? [] : state?.recent ?? [], ends: state?.ends ?? 0)
        peer.isOwed = false
        peer.sentAt = time.now
        peer.sentSpent = spent
        peer.sentReturned = returned
        if subject.peers[member] != nil || isActive { subject.peers[member] = peer }
        return record
    }
}

extension Reconciler.Peer {
    /// What it says that it knows of this gateway. One that has forgotten says so by a generation of 0.
    fileprivate mutating func learn(_ record: SyncRecord) {
        if record.knownGeneration == 0 || record.knownGeneration > knownGeneration {
            (knownGeneration, known) = (record.knownGeneration, record.known)
        } else if record.knownGeneration == knownGeneration {
            known = max(known, record.known)
        }
    }

    /// What it has spent more than was known; nil for nothing, and for late news: its numbers only grow.
    fileprivate mutating func follow(_ record: SyncRecord) -> SyncUnits? {
        if record.generation > generation {
            // Without what it has spent in the windows that are under way, its total says nothing: it is asked for by the answer.
            guard !record.recent.isEmpty else { return nil }
            (generation, spent, returned) = (record.generation, record.spent, record.returned)
            return .each(record.recent)
        }
        guard record.generation == generation, record.spent > spent || record.returned > returned else { return nil }
        let more = Int(clamping: max(record.spent, spent) &- spent), less = Int(clamping: max(record.returned, returned) &- returned)
        (spent, returned) = (max(record.spent, spent), max(record.returned, returned))
        return .all(more - less)
    }
}
