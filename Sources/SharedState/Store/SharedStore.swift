package import Primitives
package import Reactor

/// Where gateways keep what they count together: in the memory of one process, on a server that several share, or in memory with
/// reconciliation in the background. All behave alike, as far as they can be reached.
///
/// What can be decided without waiting is asked for by the methods that end in `Now`; they answer nil where the store has to be
/// asked, by their asynchronous twins.
package protocol SharedStore: AnyObject, Sendable {
    var kind: StoreKind { get }

    /// The limits of one name. On other gateways that share the store, the same name stands for the same limits.
    func limiter(_ specification: LimiterSpecification) -> any Limiter

    // MARK: Counters that end at a moment

    /// Spends all of `demands`, or none; forced, all whatever their limits say, with negative amounts giving back.
    ///
    /// - Parameter wall: nanoseconds since 1970.
    func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome?
    func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError>
    /// Counters whose keys begin with `prefix`, at most so many.
    func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError>
    func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError>

    // MARK: Leases

    /// Takes a share of what `request.key` allows at once.
    func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome?
    func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError>
    /// Gives the share back; waits for nothing.
    func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop)
    /// Holds the shares for another `lifetime`; waits for nothing.
    func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop)

    // MARK: Values with a time to live

    func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError>
    /// True: the value was set.
    func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError>
    /// True: the value was there, was `expected` if that is given, and is gone.
    func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError>
    /// True: the value was `expected`, and lives for another `lifetime`.
    func extend(_ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop) async -> Result<Bool, StoreError>
}

/// Limits of rate for any number of keys.
package protocol Limiter: AnyObject, Sendable {
    var specification: LimiterSpecification { get }
    /// Spends `cost` units of every window of `key`, or of none. Nil: the store has to be asked.
    ///
    /// - Parameter wall: nanoseconds since 1970.
    func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision?
    func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError>
    /// Spends what has come out afterwards, whatever the windows say; a negative cost gives back. Waits for nothing.
    func settle(_ key: ByteView, cost: Int, on loop: EventLoop)
    /// What `take` would say, without taking anything.
    func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError>
    /// What is left in each window.
    func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError>
    /// Forgets what `key` has spent.
    func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError>
    /// Nil where the counters are elsewhere.
    var figures: LimiterFigures? { get }
}

package enum StoreKind: String, Sendable, CaseIterable {
    case memory, redis
    case localSync = "local-sync"
}

package enum SetCondition: Sendable { case always, ifAbsent }
