import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState

/// The limits of one policy: one for each kind of tokens that it counts. A request takes from all of them, or from none.
struct TokenLimits: Sendable {
    struct Limit: Sendable {
        let kind: TokenKind
        let limiter: StoredLimiter
        let fields: RateLimitFields
        /// No request takes more before it is known what it costs: it would never be let in.
        let most: Int
    }

    enum Answer {
        case taken(ContiguousArray<TokenTaking>)
        case refused(RateDecision, RateLimitFields)
        case unavailable
    }

    let all: [Limit]

    init(_ config: TokenLimit.Config, _ choice: StoreChoice, _ context: PolicyContext) throws(PolicyError) {
        let windows = try config.rates()
        all = TokenKind.allCases.compactMap { kind in
            let rates = windows.filter { $0.kind == kind }.map(\.rate)
            guard let most = rates.map(\.limit).min() else { return nil }
            let suffix = kind == .total ? "" : "-\(kind.rawValue)"
            let specification = LimiterSpecification(
                name: context.place + suffix, windows: rates, algorithm: config.algorithm, capacity: config.capacity)
            return Limit(
                kind: kind, limiter: StoredLimiter(specification, choice),
                fields: RateLimitFields(config.headers, label: context.label + suffix, rates), most: max(1, most))
        }
    }

    /// Nil: the store has to be asked. What was taken before that is given back.
    func takeNow(_ key: [UInt8], _ spend: TokenSpend, on loop: EventLoop) -> Answer? {
        var taken: ContiguousArray<TokenTaking> = []
        for limit in all {
            let cost = cost(spend, limit)
            let decision = key.withView { limit.limiter.takeNow($0, cost: cost, on: loop) }
            guard let decision else {
                giveBack(taken, key, on: loop)
                return nil
            }
            guard decision.allowed else {
                giveBack(taken, key, on: loop)
                return .refused(decision, limit.fields)
            }
            taken.append(TokenTaking(cost: cost, left: RateLimitLeft(decision, tier: 0), isLocal: false))
        }
        return .taken(taken)
    }

    func take(_ key: [UInt8], _ spend: TokenSpend, _ exchange: Exchange) async -> Answer {
        let loop = exchange.loop
        var taken: ContiguousArray<TokenTaking> = []
        for limit in all {
            let cost = cost(spend, limit)
            switch await limit.limiter.take(key, cost: cost, exchange) {
            case .uncounted: taken.append(TokenTaking(cost: 0, left: nil, isLocal: false))
            case .unavailable:
                giveBack(taken, key, on: loop)
                return .unavailable
            case .decision(let decision, let isLocal):
                guard decision.allowed else {
                    giveBack(taken, key, on: loop)
                    return .refused(decision, limit.fields)
                }
                taken.append(TokenTaking(cost: cost, left: RateLimitLeft(decision, tier: 0), isLocal: isLocal))
            }
        }
        return .taken(taken)
    }

    /// The difference between what was taken and what it has cost.
    func settle(_ account: TokenAccount, _ spent: TokenSpend, on loop: EventLoop) {
        account.key.withView { key in
            for (limit, taking) in zip(all, account.taken) where taking.left != nil {
                let difference = spent[limit.kind] - taking.cost
                if difference != 0 { limit.limiter.settle(key, cost: difference, isLocal: taking.isLocal, on: loop) }
            }
        }
    }

    /// At least one token, so that who has none left is refused.
    private func cost(_ spend: TokenSpend, _ limit: Limit) -> Int { min(max(1, spend[limit.kind]), limit.most) }

    private func giveBack(_ taken: ContiguousArray<TokenTaking>, _ key: [UInt8], on loop: EventLoop) {
        key.withView { key in
            for (limit, taking) in zip(all, taken) where taking.left != nil {
                limit.limiter.settle(key, cost: -taking.cost, isLocal: taking.isLocal, on: loop)
            }
        }
    }
}

extension TokenLimit.Config {
    private static var most: Int { 8 }

    /// The windows as they are written, once they make sense.
    fileprivate func rates() throws(PolicyError) -> [(kind: TokenKind, rate: RateWindow)] {
        if windows.isEmpty {
            guard let limit, let window else {
                throw PolicyError(
                    limit == nil ? "there is no limit" : "a `limit` needs a `window`", at: limit == nil ? $window.position : $limit.position,
                    path: limit == nil ? "limit" : "window", remedy: "such as `{ limit: 100000, window: 1m }`")
            }
            return [(.total, RateWindow(limit: limit, period: window.nanoseconds))]
        }
        for (name, position, isGiven) in [("limit", $limit.position, limit != nil), ("window", $window.position, window != nil)] where isGiven {
            throw PolicyError(
                "`\(name)` stands beside `windows`, of which each has its own", at: position, path: name,
                remedy: "leave out `\(name)`, or `windows`")
        }
        guard windows.count <= Self.most else {
            throw PolicyError("\(windows.count) windows are more than \(Self.most)", at: $windows.position, path: "windows")
        }
        for (index, window) in windows.enumerated() {
            for other in windows.prefix(index) where other.tokens == window.tokens && other.window == window.window {
                throw PolicyError(
                    "another window is \(window.window.short) long too", at: window.$window.position, path: "windows[\(index)].window")
            }
        }
        return windows.map { ($0.tokens, RateWindow(limit: $0.limit, period: $0.window.nanoseconds)) }
    }
}
