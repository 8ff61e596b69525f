import HTTPEngine
import Reactor
import Schema
import Telemetry
import Upstreams

/// What status and metrics tell of retries, ejections, breakers, hedges and limits.
enum ResiliencePage {
    // MARK: Metrics

    static func write(_ reports: [WorkerReport], _ snapshot: Snapshot, to text: inout MetricsText) {
        lanes(reports.flatMap(\.lanes), &text)
        let states = snapshot.upstreams.map(\.state).filter { !$0.isIdle }.sorted { $0.name < $1.name }
        text.family("sluice_upstream_ejections", .counter, "Times that an endpoint was left out because of what became of requests.")
        for state in states where state.passive != nil {
            for endpoint in state.endpoints { text.sample(labels(state, endpoint), endpoint.ejections) }
        }
        text.family("sluice_endpoint_ejected", .gauge, "1 while an endpoint is left out because of what became of requests.")
        for state in states where state.passive != nil {
            for endpoint in state.endpoints { text.sample(labels(state, endpoint), endpoint.ejectedUntil == nil ? 0 as UInt64 : 1) }
        }
        breakers(states, &text)
        overload(reports, &text)
    }

    private static func overload(_ reports: [WorkerReport], _ text: inout MetricsText) {
        let known = reports.filter { $0.overload != nil }
        text.family(
            "sluice_overload_level", .gauge,
            "0: the loop keeps up; up to 1 the share of unimportant requests that it refuses; above, that of normal ones.")
        for report in known { text.sample([("loop", "\(report.loop)")], report.overload?.level ?? 0) }
        text.family("sluice_requests_shed", .counter, "Requests refused because the gateway could not keep up.")
        let shed = known.compactMap { $0.overload?.shed }
        guard !shed.isEmpty else { return }
        text.sample([("importance", "low")], shed.reduce(0) { $0 &+ $1.low })
        text.sample([("importance", "normal")], shed.reduce(0) { $0 &+ $1.normal })
    }

    private static func lanes(_ lanes: [WorkerReport.Lane], _ text: inout MetricsText) {
        struct Sum {
            var retries = RetryCounters()
            var hedges = HedgeCounters()
            var limit: Int?
        }
        var sums: [String: Sum] = [:]
        for lane in lanes {
            sums[lane.upstream, default: Sum()].retries.add(lane.retries)
            sums[lane.upstream, default: Sum()].hedges.add(lane.hedges)
            if let limit = lane.limit { sums[lane.upstream, default: Sum()].limit = (sums[lane.upstream]?.limit ?? 0) + limit }
        }
        let ordered = sums.sorted { $0.key < $1.key }
        func each(_ name: String, _ help: String, _ value: (Sum) -> UInt64) {
            text.family(name, .counter, help)
            for (name, sum) in ordered { text.sample([("upstream", name)], value(sum)) }
        }
        text.family("sluice_upstream_retries", .counter, "Requests that were tried again, by what had become of them.")
        for (name, sum) in ordered {
            for cause in RetryCause.allCases where sum.retries[cause] > 0 {
                text.sample([("upstream", name), ("cause", cause.label)], sum.retries[cause])
            }
        }
        each("sluice_upstream_retries_denied", "Retries that the budget did not allow.") { $0.retries.denied }
        each("sluice_upstream_hedges", "Second requests that were sent because the first had no answer.") { $0.hedges.sent }
        each("sluice_upstream_hedges_won", "Second requests that were answered first.") { $0.hedges.won }
        each("sluice_upstream_hedges_denied", "Second requests that the budget did not allow.") { $0.hedges.denied }
        text.family("sluice_upstream_limit", .gauge, "Requests in flight that the adaptive limit allows now.")
        for (name, sum) in ordered { if let limit = sum.limit { text.sample([("upstream", name)], UInt64(max(0, limit))) } }
    }

    private static func breakers(_ states: [UpstreamState], _ text: inout MetricsText) {
        let all = states.flatMap { state -> [(labels: [(String, String)], breaker: Breaker)] in
            let own = state.breaker.map { [([("upstream", state.name), ("endpoint", "")], $0)] } ?? []
            return own + state.endpoints.compactMap { endpoint in endpoint.breaker.map { (labels(state, endpoint), $0) } }
        }
        text.family("sluice_breaker_state", .gauge, "0 closed, 1 half-open, 2 open.")
        for (labels, breaker) in all { text.sample(labels, breaker.state.number) }
        text.family("sluice_breaker_opened", .counter, "Times that a breaker has opened.")
        for (labels, breaker) in all { text.sample(labels, breaker.counts.opened) }
        text.family("sluice_breaker_refused", .counter, "Requests that an open breaker did not let through.")
        for (labels, breaker) in all { text.sample(labels, breaker.counts.refused) }
    }

    private static func labels(_ state: UpstreamState, _ endpoint: EndpointState) -> [(String, String)] {
        [("upstream", state.name), ("endpoint", endpoint.name)]
    }

    // MARK: Status

    static func members(of endpoint: EndpointState?) -> [JSONValue.Member] {
        guard let endpoint else { return [] }
        let left = endpoint.ejectedUntil.map { Int(($0 - Instant.now) / 1_000_000_000) }
        var members: [JSONValue.Member] = [
            .init("ejected", .boolean(left != nil)), .init("ejectedFor", left.map { .integer($0) } ?? .null),
            .init("ejections", .integer(Int(clamping: endpoint.ejections))),
        ]
        if let breaker = endpoint.breaker { members.append(.init("breaker", .string(breaker.state.label))) }
        return members
    }

    static func members(of state: UpstreamState, _ lanes: [WorkerReport.Lane]) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let breaker = state.breaker { members.append(.init("breaker", .string(breaker.state.label))) }
        let limits = lanes.compactMap(\.limit)
        if !limits.isEmpty { members.append(.init("limit", .integer(limits.reduce(0, +)))) }
        members.append(.init("inFlight", .integer(lanes.reduce(0) { $0 + $1.inFlight })))
        return members
    }
}

extension BreakerMachine.State {
    fileprivate var number: UInt64 {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
