import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Synchronization

/// Counts the requests of a policy that its store could not decide about, notes them in the access log as `storeFailed`, and tells
/// operators, at most once in a while.
final class StoreFailures: Sendable {
    /// Between two events.
    private static let pause: Nanoseconds = .seconds(10)

    private let counted = Atomic<UInt64>(0)
    /// When the next event may be told, of the monotonic clock.
    private let next = Atomic<UInt64>(0)
    private let events: any EventSink
    private let place: String

    init(_ context: PolicyContext) {
        events = context.events
        place = context.place
    }

    var count: UInt64 { counted.load(ordering: .relaxed) }

    func note(_ exchange: Exchange) {
        counted.wrappingAdd(1, ordering: .relaxed)
        exchange.log(.literal, ByteView("storeFailed"), ByteView("true"))
        let now = exchange.loop.now.nanoseconds, due = next.load(ordering: .relaxed)
        guard now >= due, next.compareExchange(expected: due, desired: now &+ StoreFailures.pause, ordering: .relaxed).exchanged else { return }
        events.post(
            Event(
                "limit_store_failed", "The store of a limit does not answer; onStoreFailure decides meanwhile.",
                [Event.Field("limit", place), Event.Field("failures", "\(count)")]))
    }

    var figure: PolicyFigure {
        PolicyFigure("limit_store_failures", .counter, count, "Requests that the store of a limit could not decide about.")
    }
}
