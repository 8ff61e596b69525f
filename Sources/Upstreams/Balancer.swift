package import GatewayCore

/// What a balancer looks at when it chooses: one entry for each endpoint, in the order of the configuration.
package struct Candidate {
    package var weight: Int
    /// Exchanges in flight to it on this loop.
    package var active: Int
    package var isHealthy: Bool

    package init(weight: Int, active: Int = 0, isHealthy: Bool = true) {
        self.weight = weight
        self.active = active
        self.isHealthy = isHealthy
    }
}

/// Chooses an endpoint for an exchange. State of one event loop; loops do not coordinate.
package enum Balancer {
    case roundRobin(SmoothRoundRobin)
    case leastRequests(LeastRequests)
    case random(WeightedRandom)

    package init(_ method: BalanceMethod) {
        switch method {
        case .roundRobin: self = .roundRobin(SmoothRoundRobin())
        case .leastRequests: self = .leastRequests(LeastRequests())
        case .random: self = .random(WeightedRandom())
        }
    }

    /// The index of the endpoint to use; nil when none may be used. `tried` excludes endpoints, one bit each, where
    /// there is another.
    package mutating func pick(_ candidates: ContiguousArray<Candidate>, tried: UInt64, random: inout FastRandom) -> Int? {
        if candidates.count == 1 { return candidates[0].isHealthy && candidates[0].weight > 0 ? 0 : nil }
        if let index = pickUsable(candidates, tried: tried, random: &random) { return index }
        return tried == 0 ? nil : pickUsable(candidates, tried: 0, random: &random)
    }

    private mutating func pickUsable(_ candidates: ContiguousArray<Candidate>, tried: UInt64, random: inout FastRandom) -> Int? {
        switch self {
        case .roundRobin(var state):
            // Taken out and put back, so that the state is not copied.
            self = .random(WeightedRandom())
            defer { self = .roundRobin(state) }
            return state.pick(candidates, tried: tried)
        case .leastRequests(var state):
            defer { self = .leastRequests(state) }
            return state.pick(candidates, tried: tried)
        case .random(let state): return state.pick(candidates, tried: tried, random: &random)
        }
    }
}

extension Candidate {
    func isUsable(_ index: Int, tried: UInt64) -> Bool {
        isHealthy && weight > 0 && (index >= 64 || tried >> UInt64(index) & 1 == 0)
    }
}

/// Weighted round robin whose picks of a heavy endpoint are spread evenly (nginx's smooth weighted algorithm).
package struct SmoothRoundRobin {
    private var current: ContiguousArray<Int> = []

    package init() {}

    package mutating func pick(_ candidates: ContiguousArray<Candidate>, tried: UInt64) -> Int? {
        if current.count != candidates.count { current = ContiguousArray(repeating: 0, count: candidates.count) }
        var best: Int?
        var total = 0
        for i in candidates.indices where candidates[i].isUsable(i, tried: tried) {
            total += candidates[i].weight
            current[i] += candidates[i].weight
            if best.map({ current[i] > current[$0] }) ?? true { best = i }
        }
        if let best { current[best] -= total }
        return best
    }
}

/// The endpoint with the fewest exchanges in flight for its weight; among equals the turn goes round.
package struct LeastRequests {
    private var turn = 0

    package init() {}

    package mutating func pick(_ candidates: ContiguousArray<Candidate>, tried: UInt64) -> Int? {
        var best: Int?
        let count = candidates.count
        turn = count > 0 ? (turn + 1) % count : 0
        for step in 0..<count {
            let i = (turn + step) % count
            guard candidates[i].isUsable(i, tried: tried) else { continue }
            // active / weight, compared without division
            let isBetter = best.map { (candidates[i].active + 1) * candidates[$0].weight < (candidates[$0].active + 1) * candidates[i].weight }
            if isBetter ?? true { best = i }
        }
        return best
    }
}

/// Each endpoint with the probability of its weight.
package struct WeightedRandom {
    package init() {}

    package func pick(_ candidates: ContiguousArray<Candidate>, tried: UInt64, random: inout FastRandom) -> Int? {
        var total = 0
        for i in candidates.indices where candidates[i].isUsable(i, tried: tried) { total += candidates[i].weight }
        guard total > 0 else { return nil }
        var rest = Int(random.next() % UInt64(total))
        for i in candidates.indices where candidates[i].isUsable(i, tried: tried) {
            rest -= candidates[i].weight
            if rest < 0 { return i }
        }
        return nil
    }
}
