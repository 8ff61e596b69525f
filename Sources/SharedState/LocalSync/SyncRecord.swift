internal import Reactor

/// What one gateway tells another of one subject: what it has spent itself, and how much of the receiver's spending it knows.
struct SyncRecord: Equatable {
    var key: LimitKey
    /// Of the sender's entry. Totals begin anew with each.
    var generation: UInt64
    var spent: UInt64 = 0
    var returned: UInt64 = 0
    /// The sender has asked for more than its quiet share.
    var isActive = false
    /// The sender leaves the receiver the share of one that has asked.
    var grants = false
    /// The receiver has not said yet that it knows all of this.
    var wantsAnswer = false
    /// What the sender knows of the receiver.
    var knownGeneration: UInt64 = 0
    var known: UInt64 = 0
    /// What it has spent of each window, as long as the receiver does not know the generation.
    var recent: [UInt64] = []
    var ends: UInt64 = 0

    private static let mostWindows = 32

    func write(to out: inout WireWriter) {
        out.put(key.low)
        out.put(key.high)
        out.put(UInt8((isActive ? 1 : 0) | (grants ? 2 : 0) | (recent.isEmpty ? 0 : 4) | (ends == 0 ? 0 : 8) | (wantsAnswer ? 16 : 0)))
        for number in [generation, spent, returned, knownGeneration, known] { out.put(variable: number) }
        if !recent.isEmpty {
            out.put(UInt8(clamping: recent.count))
            for units in recent { out.put(variable: units) }
        }
        if ends != 0 { out.put(ends) }
    }
}

extension SyncRecord {
    init?(_ reader: inout WireReader) {
        guard let low = reader.number(UInt64.self), let high = reader.number(UInt64.self), let flags = reader.number(UInt8.self),
            let generation = reader.variable(), let spent = reader.variable(), let returned = reader.variable(),
            let knownGeneration = reader.variable(), let known = reader.variable()
        else { return nil }
        self.init(
            key: LimitKey(low: low, high: high), generation: generation, spent: spent, returned: returned, isActive: flags & 1 != 0,
            grants: flags & 2 != 0, wantsAnswer: flags & 16 != 0, knownGeneration: knownGeneration, known: known)
        if flags & 4 != 0 {
            guard let count = reader.number(UInt8.self), count <= SyncRecord.mostWindows else { return nil }
            for _ in 0..<count {
                guard let units = reader.variable() else { return nil }
                recent.append(units)
            }
        }
        if flags & 8 != 0 {
            guard let ends = reader.number(UInt64.self) else { return nil }
            self.ends = ends
        }
    }
}

/// Records of one book, as one payload.
struct SyncPage: Equatable {
    var book: UInt64
    var records: [SyncRecord]

    init(book: UInt64, records: [SyncRecord]) {
        self.book = book
        self.records = records
    }

    init?(bytes: [UInt8]) {
        var reader = WireReader(bytes)
        guard let book = reader.number(UInt64.self) else { return nil }
        self.book = book
        records = []
        while !reader.isAtEnd {
            guard let record = SyncRecord(&reader) else { return nil }
            records.append(record)
        }
    }

    /// Payloads of at most `capacity` bytes.
    static func payloads(book: UInt64, _ records: [SyncRecord], capacity: Int) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var page = WireWriter()
        for record in records {
            var text = WireWriter()
            record.write(to: &text)
            if page.count > 0, page.count + text.count > capacity {
                payloads.append(page.bytes)
                page = WireWriter()
            }
            if page.count == 0 { page.put(book) }
            page.put(text.bytes)
        }
        if page.count > 0 { payloads.append(page.bytes) }
        return payloads
    }
}
