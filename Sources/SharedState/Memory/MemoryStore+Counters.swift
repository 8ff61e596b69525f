package import Reactor

extension MemoryStore {
    package func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? {
        counters.with(all: demands.map(\.key)) { table in
            let before = demands.map { table.value($0.key, now: wall) }
            let fits = zip(demands, before).allSatisfy { demand, counter in
                let (sum, overflows) = (counter?.value ?? 0).addingReportingOverflow(demand.amount)
                return !overflows && sum <= demand.limit
            }
            let ends = zip(demands, before).map { demand, counter in counter?.ends ?? demand.ends }
            guard fits || isForced else { return CounterOutcome(allowed: false, totals: before.map { $0?.value ?? 0 }, ends: ends) }
            var totals: [Int] = []
            for (index, demand) in demands.enumerated() {
                // The same counter may be asked for twice.
                let (sum, overflows) = (table.value(demand.key, now: wall)?.value ?? 0).addingReportingOverflow(demand.amount)
                totals.append(overflows ? .max : max(0, sum))
                table.set(demand.key, totals[index], ends: ends[index], now: wall)
            }
            return CounterOutcome(allowed: true, totals: totals, ends: ends)
        }
    }

    package func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        .success(spendNow(demands, isForced: isForced, wall: loop.wallClock) ?? CounterOutcome(allowed: false, totals: []))
    }

    package func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        .success(counters.all(prefix: prefix, most: most, now: loop.wallClock).map { CounterReport(key: $0.key, total: $0.value, ends: $0.ends) })
    }

    package func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        counters.with(key) { $0.remove(key) }
        return .success(())
    }
}
