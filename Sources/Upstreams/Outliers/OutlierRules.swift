package import Reactor

/// What one endpoint has done in a window.
package struct EndpointFigures: Sendable, Equatable {
    package var requests: UInt64 = 0
    package var failures: UInt64 = 0
    /// Of the answers together.
    package var latency: Nanoseconds = 0
    package var answers: UInt64 = 0
    package init() {}

    package init(requests: UInt64, failures: UInt64, answers: UInt64, latency: Nanoseconds) {
        self.requests = requests
        self.failures = failures
        self.answers = answers
        self.latency = latency
    }

    var successRate: Double { requests > 0 ? 1 - Double(min(failures, requests)) / Double(requests) : 1 }
    var meanLatency: Double { answers > 0 ? Double(latency) / Double(answers) : 0 }

    static func - (a: EndpointFigures, b: EndpointFigures) -> EndpointFigures {
        EndpointFigures(
            requests: a.requests &- b.requests, failures: a.failures &- b.failures, answers: a.answers &- b.answers, latency: a.latency &- b.latency)
    }
}

/// Finds the endpoints that are worse than the others. Each is compared with the others alone: with few endpoints one bad one
/// moves a mean that it is part of so far that it would never lie outside.
package enum OutlierRules {
    /// An endpoint whose rate is this little below the mean of the others is none.
    private static let margin = 0.05

    package static func bySuccessRate(_ endpoints: [EndpointFigures], _ settings: SuccessRateSettings) -> [Int] {
        let judged = endpoints.indices.filter { endpoints[$0].requests >= UInt64(max(1, settings.minimumRequests)) }
        guard judged.count >= max(2, settings.minimumEndpoints) else { return [] }
        return judged.filter { place in
            let others = judged.filter { $0 != place }.map { endpoints[$0].successRate }
            let mean = others.reduce(0, +) / Double(others.count)
            let variance = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(others.count)
            return endpoints[place].successRate < mean - max(margin, settings.deviation * variance.squareRoot())
        }
    }

    package static func byLatency(_ endpoints: [EndpointFigures], _ settings: LatencyOutlierSettings) -> [Int] {
        let judged = endpoints.indices.filter { endpoints[$0].answers >= UInt64(max(1, settings.minimumRequests)) }
        guard judged.count >= max(2, settings.minimumEndpoints) else { return [] }
        return judged.filter { place in
            let others = judged.filter { $0 != place }.map { endpoints[$0].meanLatency }.sorted()
            let middle = others.count / 2
            let median = others.count % 2 == 1 ? others[middle] : (others[middle - 1] + others[middle]) / 2
            let own = endpoints[place].meanLatency
            return own > median * settings.factor && own - median >= Double(settings.atLeast)
        }
    }
}
