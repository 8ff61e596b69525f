package import GatewayCore
package import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

/// Limits how many requests are under way at a time (`docs/guides/shaping.md`).
package final class ConcurrencyLimit: Policy, AsyncRequestPolicy, FinishPolicy, ReportingPolicy {
    package static let id = "concurrency-limit"
    package static let example = """
        concurrency-limit: { limit: 50, by: consumer }
        """
    package static let reasons: [Reason] = [.concurrencyLimited, .limitStoreUnavailable]
    package static var isGuard: Bool { true }

    private let limit: Int
    private let key: RequestKey.Compiled
    /// Before each key: what is counted here is nobody else's.
    private let place: [UInt8]
    let shares: ShareStore
    let queue: LimitQueue?
    private let isDryRun: Bool
    private let label: [UInt8]
    private let refused = Atomic<UInt64>(0)
    private let inFlight = Atomic<Int>(0)
    private let refusal = GatewayError(.concurrencyLimited, "Too many requests are under way at once.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        if config.store == .localSync {
            throw PolicyError(
                "`local-sync` counts what has been, not what is under way", at: config.$store.position, path: "store",
                remedy: "take `redis`, or `memory` for each gateway by itself")
        }
        limit = config.limit
        key = try RequestKey.Compiled(
            config.by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context)
        place = Array("\(context.place)/".utf8)
        let choice = try StoreChoice(config.store, at: config.$store.position, config.onStoreFailure, context)
        shares = ShareStore(choice, lifetime: config.lifetime.nanoseconds, loops: context.loops)
        queue = config.queue.map { LimitQueue(size: $0.size, longest: $0.longest.nanoseconds) }
        isDryRun = config.dryRun
        label = Array(context.label.utf8)
    }

    package static func needs(_ config: Config) -> [Fact] { config.by == .consumer ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { [.request, .finish] }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        let request = request(exchange)
        // Nobody passes those who wait.
        if let queue, !isDryRun, request.key.withView({ queue.isWaiting($0) }) { return nil }
        switch shares.takeNow(request, exchange) {
        case nil: return nil
        case .held(let share): return begin(share, exchange)
        case .full where queue != nil && !isDryRun: return nil
        case let answer?: return refuse(answer, exchange)
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let request = request(exchange)
        guard let queue, !isDryRun else { return settle(await shares.take(request, exchange), exchange) }
        guard let turn = queue.join(request.key, exchange) else { return refuse(.full, exchange) }
        defer { queue.leave(turn) }
        var pause: Nanoseconds = 0
        while await turn.turn(after: pause) == .turn {
            let answer = await shares.take(request, exchange)
            guard case .full = answer else { return settle(answer, exchange) }
            pause = shares.pause
        }
        return refuse(.full, exchange)
    }

    private func settle(_ answer: ShareStore.Answer, _ exchange: Exchange) -> Verdict {
        guard case .held(let share) = answer else { return refuse(answer, exchange) }
        guard !Task.isCancelled else {
            // The exchange ended while it waited, so nobody gives the share back later.
            end(share, exchange, wasUnderWay: false)
            return .proceed
        }
        return begin(share, exchange)
    }

    private func begin(_ share: HeldShare, _ exchange: Exchange) -> Verdict {
        exchange.memo.object = share
        inFlight.wrappingAdd(1, ordering: .relaxed)
        return .proceed
    }

    private func refuse(_ answer: ShareStore.Answer, _ exchange: Exchange) -> Verdict {
        switch answer {
        case .held, .uncounted: return .proceed
        case .unavailable: return isDryRun ? .proceed : .refuse(.limitStoreUnavailable)
        case .full:
            refused.wrappingAdd(1, ordering: .relaxed)
            if isDryRun {
                label.withView { exchange.log(.text, ByteView("concurrencyLimitDryRun"), $0) }
                return .proceed
            }
            // Nobody knows when; somebody who asks again at once would only be in the way.
            exchange.response.fields.append(.retryAfter) { $0.append(decimal: 1) }
            return .refuse(refusal)
        }
    }

    package func onFinish(_ exchange: Exchange) {
        guard let share = exchange.memo.object as? HeldShare else { return }
        end(share, exchange, wasUnderWay: true)
    }

    private func end(_ share: HeldShare, _ exchange: Exchange, wasUnderWay: Bool) {
        share.giveBack(on: exchange.loop)
        if wasUnderWay { inFlight.wrappingSubtract(1, ordering: .relaxed) }
        queue?.nudge(share.key)
    }

    private func request(_ exchange: Exchange) -> LeaseRequest {
        let key = place + key.bytes(exchange).array
        return LeaseRequest(key: key, holder: HolderNames.next(), limit: limit, lifetime: shares.lifetime)
    }

    package var figures: [PolicyFigure] {
        let now = UInt64(max(0, inFlight.load(ordering: .relaxed)))
        return [
            PolicyFigure("concurrency_limit_in_flight", .gauge, now, "Requests that are under way and counted."),
            PolicyFigure("concurrency_limit_waiting", .gauge, UInt64(queue?.count ?? 0), "Requests that wait until another has ended."),
            PolicyFigure("concurrency_limit_refused", .counter, refused.load(ordering: .relaxed), "Requests that were too many at a time."),
            PolicyFigure("concurrency_limit_store_failures", .counter, shares.failures.count, "Times that the store did not answer."),
        ]
    }
}

extension Reason {
    static let concurrencyLimited = Reason("concurrency_limited", 429, "Too many requests are under way")
}
