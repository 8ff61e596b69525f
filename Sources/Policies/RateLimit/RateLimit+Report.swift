package import PolicyKit
package import SharedState

extension RateLimit: LimitingPolicy, ReportingPolicy {
    package var limiters: [any Limiter] { tiers.map(\.limiter) }
    package var storeKind: StoreKind { store }
    package func limiterKey(named texts: [String]) -> [UInt8]? { key.bytes(named: texts) }

    package var figures: [PolicyFigure] {
        let figures = tiers.compactMap(\.limiter.figures)
        guard !figures.isEmpty else { return [failures.figure] }
        func sum(_ value: (LimiterFigures) -> Int) -> UInt64 { UInt64(max(0, figures.reduce(0) { $0 + value($1) })) }
        return [
            PolicyFigure("rate_limit_keys", .gauge, sum(\.keys), "Keys that are remembered."),
            PolicyFigure("rate_limit_evictions", .counter, sum(\.evictions), "Keys forgotten for lack of room while they still counted."),
            PolicyFigure("rate_limit_memory_bytes", .gauge, sum(\.memory), "Memory that the counters take."), failures.figure,
        ]
    }
}
