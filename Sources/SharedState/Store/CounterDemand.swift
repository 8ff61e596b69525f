/// An amount that a counter is asked for.
package struct CounterDemand: Sendable, Equatable {
    package var key: [UInt8]
    package var amount: Int
    /// What the counter may reach.
    package var limit: Int
    /// When a counter that begins with this demand ends, and begins anew with the next demand: nanoseconds since 1970. One that is under way
    /// keeps its end.
    package var ends: UInt64

    package init(key: [UInt8], amount: Int, limit: Int, ends: UInt64) {
        self.key = key
        self.amount = amount
        self.limit = limit
        self.ends = ends
    }
}

/// What became of demands that were made together.
package struct CounterOutcome: Sendable, Equatable {
    /// All of them were spent.
    package var allowed: Bool
    /// What each counter stands at now.
    package var totals: [Int]
    /// When each ends: nanoseconds since 1970.
    package var ends: [UInt64]

    package init(allowed: Bool, totals: [Int], ends: [UInt64] = []) {
        self.allowed = allowed
        self.totals = totals
        self.ends = ends
    }
}

/// A counter as it stands.
package struct CounterReport: Sendable, Equatable {
    package var key: [UInt8]
    package var total: Int
    /// Nanoseconds since 1970.
    package var ends: UInt64

    package init(key: [UInt8], total: Int, ends: UInt64) {
        self.key = key
        self.total = total
        self.ends = ends
    }
}
