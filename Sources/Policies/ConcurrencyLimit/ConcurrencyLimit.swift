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
    package static let reasons: [Reason] = [.concurrencyLimited, .limitUnknown]
    package static var isGuard: Bool { true }

    private let limit: Int
    private let key: CompiledRequestKey
    /// Before each key: what is counted here is nobody else's.
    private let place: [UInt8]
    private let shares: ShareStore
    private let queue: (size: Int, longest: Nanoseconds)?
    /// Kept over reloads, as the shares are: what one object has given, another may wait for.
    private let lines: LimitQueue
    private let counts: ConcurrencyCounts
    private let isDryRun: Bool
    private let label: [UInt8]
    private let refusal = GatewayError(.concurrencyLimited, "Too many requests are under way at once.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        if config.store == .localSync {
            throw PolicyError(
                "`local-sync` counts what has been, not what is under way", at: config.$store.position, path: "store",
                remedy: "take `redis`, or `memory` for each gateway by itself")
        }
        limit = config.limit
        let choice = try StoreChoice(config.store, at: config.$store.position, config.onStoreFailure, context)
        key = try CompiledRequestKey(
            config.by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context,
            isText: choice.store.kind != .memory)
        place = Array("\(context.place)/".utf8)
        shares = ShareStore(choice, lifetime: config.lifetime.nanoseconds, loops: context.loops)
        queue = config.queue.map { ($0.size, $0.longest.nanoseconds) }
        let before = context.predecessor as? ConcurrencyLimit
        lines = before?.lines ?? LimitQueue()
        counts = before?.counts ?? ConcurrencyCounts()
        isDryRun = config.dryRun
        label = Array(context.label.utf8)
    }

    package static func needs(_ config: Config) -> [Fact] { config.by.keys.contains(.consumer) ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { [.request, .finish] }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        let request = request(exchange)
        // Nobody passes those who wait.
        if queue != nil, !isDryRun, request.key.withView({ lines.isWaiting($0) }) { return nil }
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
        guard let turn = lines.join(request.key, exchange, size: queue.size, longest: queue.longest) else { return refuse(.full, exchange) }
        defer { lines.leave(turn) }
        var pause: Nanoseconds = 0
        while true {
            switch await turn.turn(after: pause) {
            case .cancelled: return .proceed
            case .late: return refuse(.full, exchange)
            case .turn: break
            }
            let answer = await shares.take(request, exchange)
            guard case .full = answer else { return settle(answer, exchange) }
            pause = shares.pause
        }
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
        counts.inFlight.wrappingAdd(1, ordering: .relaxed)
        return .proceed
    }

    private func refuse(_ answer: ShareStore.Answer, _ exchange: Exchange) -> Verdict {
        switch answer {
        case .held, .uncounted: return .proceed
        case .unavailable: return isDryRun ? .proceed : .refuse(.limitUnknown)
        case .full:
            counts.refused.wrappingAdd(1, ordering: .relaxed)
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
        if wasUnderWay { counts.inFlight.wrappingSubtract(1, ordering: .relaxed) }
        lines.nudge(share.key)
    }

    private func request(_ exchange: Exchange) -> LeaseRequest {
        let key = place + key.bytes(exchange).array
        return LeaseRequest(key: key, holder: HolderNames.next(), limit: limit, lifetime: shares.lifetime)
    }

    package var figures: [PolicyFigure] {
        let now = UInt64(max(0, counts.inFlight.load(ordering: .relaxed)))
        return [
            PolicyFigure("concurrency_limit_in_flight", .gauge, now, "Requests that are under way and counted."),
            PolicyFigure("concurrency_limit_waiting", .gauge, UInt64(lines.count), "Requests that wait until another has ended."),
            PolicyFigure("concurrency_limit_refused", .counter, counts.refused.load(ordering: .relaxed), "Requests that were too many at a time."),
            PolicyFigure("concurrency_limit_store_failures", .counter, shares.failures.count, "Times that the store did not answer."),
        ]
    }
}

/// What has been seen of one limit, over reloads.
final class ConcurrencyCounts: Sendable {
    let refused = Atomic<UInt64>(0)
    let inFlight = Atomic<Int>(0)
}

extension Reason {
    static let concurrencyLimited = Reason("concurrency_limited", 429, "Too many requests are under way")
}
