internal import Reactor

/// Names what is counted, the same on all gateways.
struct SyncSubject: Hashable, Sendable {
    /// Of the limits of one name, or of the counters.
    let book: UInt64
    let key: LimitKey
}

/// What a gateway has to say of its own spending.
struct SyncState: Equatable {
    var generation: UInt64
    var spent: UInt64
    var returned: UInt64
    /// When it last spent.
    var lastSpent: UInt64
    /// It has asked for more.
    var isActive: Bool
    /// What it has spent of each window.
    var recent: [UInt64]
    /// When a counter ends, nanoseconds since 1970; 0 for limits of rate.
    var ends: UInt64 = 0
}

/// Counters of one kind that the reconciliation works on. Callable from any thread.
protocol SyncBook: AnyObject, Sendable {
    /// Nil: nothing is known of it.
    func state(_ key: LimitKey, _ time: SyncTime) -> SyncState?
    /// What all others know of the own spending, and the weight that results.
    func settle(_ key: LimitKey, known: UInt64, weight: UInt64, isActive: Bool)
    /// Another gateway has spent so much more: of each window, if it is new, else of all alike.
    func charge(_ key: LimitKey, _ units: SyncUnits, ends: UInt64, _ time: SyncTime)
    /// Keys for which more has been asked for since the last call.
    func takeAsked() -> [LimitKey]
}

enum SyncUnits: Equatable {
    case each([UInt64])
    /// Spent minus given back.
    case all(Int)
}
