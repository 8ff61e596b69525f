import GatewayCore
import Testing

@testable import Upstreams

@Suite struct BalancerTests {
    static let methods: [BalanceMethod] = [.roundRobin, .leastRequests, .random]

    private func candidates(_ weights: [Int], active: [Int]? = nil, sick: Set<Int> = []) -> ContiguousArray<Candidate> {
        ContiguousArray(weights.indices.map { Candidate(weight: weights[$0], active: active?[$0] ?? 0, isHealthy: !sick.contains($0)) })
    }

    private func picks(_ count: Int, _ balancer: inout Balancer, _ candidates: ContiguousArray<Candidate>, tried: UInt64 = 0) -> [Int] {
        var random = FastRandom(seed: 42)
        return (0..<count).compactMap { _ in balancer.pick(candidates, tried: tried, random: &random) }
    }

    // MARK: What holds for every method

    @Test(arguments: methods) func onlyHealthyEndpointsWithWeight(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        let picked = picks(300, &balancer, candidates([1, 0, 2, 5], sick: [3]))
        #expect(picked.count == 300 && Set(picked).isSubset(of: [0, 2]))
    }

    @Test(arguments: methods) func nobodyThere(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        #expect(picks(3, &balancer, []).isEmpty)
        #expect(picks(3, &balancer, candidates([1], sick: [0])).isEmpty)
        #expect(picks(3, &balancer, candidates([0])).isEmpty)
        #expect(picks(3, &balancer, candidates([1, 0, 3], sick: [0, 2])).isEmpty)
        #expect(picks(3, &balancer, candidates([1])) == [0, 0, 0])
    }

    @Test(arguments: methods) func triedEndpointsComeOnlyWhenThereIsNoOther(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        #expect(Set(picks(100, &balancer, candidates([1, 1, 1]), tried: 0b101)) == [1])
        #expect(Set(picks(100, &balancer, candidates([1, 1, 1], sick: [1]), tried: 0b101)) == [0, 2])
        #expect(picks(3, &balancer, candidates([1]), tried: 1) == [0, 0, 0])
        #expect(picks(3, &balancer, candidates([1, 1], sick: [0, 1]), tried: 0b11).isEmpty)
    }

    @Test(arguments: methods) func moreEndpointsThanBits(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        let many = candidates([Int](repeating: 1, count: 100))
        #expect(Set(picks(50, &balancer, many, tried: .max)).isSubset(of: Set(64..<100)))
    }

    @Test(arguments: methods) func endpointsThatComeAndGo(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        for count in [3, 5, 1, 2, 8, 4] {
            let picked = picks(200, &balancer, candidates([Int](repeating: 1, count: count)))
            #expect(Set(picked) == Set(0..<count))
        }
    }

    @Test(arguments: [.roundRobin, .random] as [BalanceMethod]) func sharesFollowTheWeights(_ method: BalanceMethod) {
        var balancer = Balancer(method)
        let picked = picks(10_000, &balancer, candidates([5, 3, 2]))
        for (index, share) in [5000, 3000, 2000].enumerated() {
            let count = picked.count { $0 == index }
            #expect(abs(count - share) <= (method == .random ? 250 : 1), "endpoint \(index): \(count)")
        }
    }

    // MARK: Each method

    /// nginx's sequence for 5, 1, 1: the heavy one is spread out.
    @Test func roundRobinIsSmooth() {
        var balancer = Balancer(.roundRobin)
        #expect(picks(7, &balancer, candidates([5, 1, 1])) == [0, 0, 1, 0, 2, 0, 0])
        var even = Balancer(.roundRobin)
        #expect(picks(6, &even, candidates([1, 1, 1])) == [0, 1, 2, 0, 1, 2])
    }

    @Test func roundRobinGoesOnWhenOneIsSick() {
        var balancer = Balancer(.roundRobin)
        #expect(picks(4, &balancer, candidates([1, 1, 1], sick: [1])) == [0, 2, 0, 2])
        // Back again, it gets its share, and no flood.
        let after = picks(30, &balancer, candidates([1, 1, 1]))
        #expect((9...11).contains(after.count { $0 == 1 }))
    }

    @Test func leastRequestsTakesTheLeastLoaded() {
        var balancer = Balancer(.leastRequests)
        #expect(picks(5, &balancer, candidates([1, 1, 1], active: [3, 1, 2])) == [1, 1, 1, 1, 1])
        // Load for the weight: 4 of 10 is less than 1 of 1.
        #expect(picks(3, &balancer, candidates([10, 1], active: [4, 1])) == [0, 0, 0])
        #expect(picks(3, &balancer, candidates([10, 1], active: [30, 1])) == [1, 1, 1])
    }

    @Test func leastRequestsTakesTurnsAmongEquals() {
        var balancer = Balancer(.leastRequests)
        let picked = picks(30, &balancer, candidates([1, 1, 1]))
        for index in 0..<3 { #expect(picked.count { $0 == index } == 10) }
    }

    /// Requests that stay: the endpoints fill up in proportion to their weights.
    @Test func leastRequestsFillsByWeight() {
        var balancer = Balancer(.leastRequests)
        var all = candidates([3, 1])
        var random = FastRandom(seed: 1)
        for _ in 0..<400 {
            guard let index = balancer.pick(all, tried: 0, random: &random) else { continue }
            all[index].active += 1
        }
        #expect(abs(all[0].active - 300) <= 2)
    }
}
