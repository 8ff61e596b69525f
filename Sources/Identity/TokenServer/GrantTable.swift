/// Records in memory: decides what there is, for stores that do the rest.
struct GrantTable {
    private var records: [GrantKind: [String: GrantRecord]] = [:]
    private let most: Int

    /// - Parameter most: records of each kind.
    init(most: Int) { self.most = most }

    func record(_ key: GrantKey, now: Int) -> GrantRecord? {
        guard let record = records[key.kind]?[key.id], record.expires > now else { return nil }
        return record
    }

    /// False: there is no room for one more. What has expired gives way first.
    mutating func set(_ key: GrantKey, _ record: GrantRecord?, now: Int) -> Bool {
        guard let record else {
            records[key.kind]?[key.id] = nil
            return true
        }
        var ofKind = records[key.kind] ?? [:]
        // The table holds the dictionary no more, so that changing it copies nothing.
        records[key.kind] = nil
        defer { records[key.kind] = ofKind }
        if ofKind[key.id] == nil, ofKind.count >= most {
            ofKind = ofKind.filter { $0.value.expires > now }
            guard ofKind.count < most else { return false }
        }
        ofKind[key.id] = record
        return true
    }

    func all(_ kind: GrantKind, now: Int) -> [(id: String, record: GrantRecord)] {
        (records[kind] ?? [:]).filter { $0.value.expires > now }.map { ($0.key, $0.value) }
    }

    /// Forgets what has expired, and shows what is left.
    mutating func sweep(now: Int, _ body: (GrantKey, GrantRecord) -> Void) {
        for kind in GrantKind.allCases {
            let left = (records[kind] ?? [:]).filter { $0.value.expires > now }
            records[kind] = left
            for (id, record) in left { body(GrantKey(kind, id), record) }
        }
    }

    var count: Int { records.values.reduce(0) { $0 + $1.count } }
}
