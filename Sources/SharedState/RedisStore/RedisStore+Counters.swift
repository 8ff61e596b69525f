import Primitives
package import Reactor

extension RedisStore {
    private static let counter: StaticString = "counter:"

    package func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? {
        demands.isEmpty ? CounterOutcome(allowed: true, totals: []) : nil
    }

    /// Demands whose counters are on several nodes of a cluster are spent one node after the other, and given back if a later one refuses: never
    /// more than a limit, but somebody else may be refused for that moment.
    package func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        let names = demands.map { name(RedisStore.counter, $0.key) }
        let groups = groups(names)
        var outcome = CounterOutcome(
            allowed: true, totals: Array(repeating: 0, count: demands.count), ends: Array(repeating: 0, count: demands.count))
        var spent: [Int] = []
        for group in groups {
            switch await spend(group.map { demands[$0] }, group.map { names[$0] }, isForced, on: loop) {
            case .failure(let error):
                giveBack(spent, demands, names, on: loop)
                return .failure(error)
            case .success(let part):
                for (place, index) in group.enumerated() where part.totals.indices.contains(place) && part.ends.indices.contains(place) {
                    outcome.totals[index] = part.totals[place]
                    outcome.ends[index] = part.ends[place]
                }
                guard part.allowed else {
                    for index in spent { outcome.totals[index] = max(0, outcome.totals[index] &- demands[index].amount) }
                    giveBack(spent, demands, names, on: loop)
                    outcome.allowed = false
                    return .success(outcome)
                }
                spent += group
            }
        }
        return .success(outcome)
    }

    private func spend(
        _ demands: [CounterDemand], _ names: [[UInt8]], _ isForced: Bool, on loop: EventLoop
    ) async -> Result<CounterOutcome, StoreError> {
        let count = demands.count
        return await run(CounterScript.spend, names, arguments: 2 + 3 * count, on: loop) {
            write(demands, isForced, &$0)
        } read: { reply in
            var elements = reply.elements
            guard let allowed = elements.nextInteger() else { return nil }
            var outcome = CounterOutcome(allowed: allowed == 1, totals: [])
            for _ in 0..<count {
                guard let total = elements.nextInteger(), let ends = elements.nextInteger() else { return nil }
                outcome.totals.append(total)
                outcome.ends.append(RedisStore.nanoseconds(ends))
            }
            return outcome
        }
    }

    private func giveBack(_ indices: [Int], _ demands: [CounterDemand], _ names: [[UInt8]], on loop: EventLoop) {
        for index in indices {
            var demand = demands[index]
            demand.amount = 0 &- demand.amount
            call(CounterScript.spend, [names[index]], arguments: 5, on: loop) { write([demand], true, &$0) }
        }
    }

    private func write(_ demands: [CounterDemand], _ isForced: Bool, _ command: inout RedisCommand) {
        command.append(isForced ? 1 : 0)
        appendTime(to: &command)
        for demand in demands {
            command.append(demand.amount)
            command.append(demand.limit)
            command.append(demand.ends.milliseconds)
        }
    }

    /// Which demands may be made in one call: those on one node.
    private func groups(_ names: [[UInt8]]) -> [[Int]] {
        guard names.count > 1, case .cluster = client.currentSettings?.servers else { return [Array(names.indices)] }
        var groups: [(slot: Int, indices: [Int])] = []
        for (index, name) in names.enumerated() {
            let slot = name.withView { RedisSlot.of($0, prefix: keyPrefix) }
            if let place = groups.firstIndex(where: { $0.slot == slot }) {
                groups[place].indices.append(index)
            } else {
                groups.append((slot, [index]))
            }
        }
        return groups.map(\.indices)
    }

    var keyPrefix: [UInt8] { Array((client.currentSettings?.keyPrefix ?? "").utf8) }

    private static func nanoseconds(_ milliseconds: Int) -> UInt64 {
        let (time, overflow) = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : time
    }

    package func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        let now = loop.wallClock
        let start = name(RedisStore.counter, [])
        return await names(beginning: start + prefix, most: most, on: loop) { names in
            var reports: [CounterReport] = []
            for name in names {
                let found = await self.ask(name, isRepeatable: true, on: loop) { command, name in
                    command.begin("GET", arguments: 1)
                    command.append(key: name)
                } read: { reply in
                    reply.isNull ? "" : reply.text?.string
                }
                switch found {
                case .failure(let error): return .failure(error)
                case .success(let text):
                    guard let counter = CounterScript.read(text) else { continue }
                    let ends = RedisStore.nanoseconds(counter.ends)
                    if ends > now { reports.append(CounterReport(key: Array(name.dropFirst(start.count)), total: counter.total, ends: ends)) }
                }
            }
            return .success(reports)
        }
    }

    package func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        await ask(name(RedisStore.counter, key), isRepeatable: true, on: loop) { command, name in
            command.begin("DEL", arguments: 1)
            command.append(key: name)
        } read: { _ in
            ()
        }
    }
}
