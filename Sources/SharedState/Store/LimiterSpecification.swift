/// What a limiter counts.
package struct LimiterSpecification: Hashable, Sendable {
    /// Same on every gateway: what belongs together is counted together.
    package var name: String
    package var windows: [RateWindow]
    package var algorithm: RateAlgorithm
    /// Keys that are remembered at most, where that is ours to decide.
    package var capacity: Int

    /// Refused requests spend, too: only who keeps quiet is allowed again.
    package var countsRefused: Bool

    package init(name: String, windows: [RateWindow], algorithm: RateAlgorithm, capacity: Int, countsRefused: Bool = false) {
        self.name = name
        self.windows = windows
        self.algorithm = algorithm
        self.capacity = capacity
        self.countsRefused = countsRefused
    }
}
