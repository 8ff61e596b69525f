package import Reactor

/// How endpoints are judged by what becomes of requests.
package struct PassiveHealthSettings: Sendable, Equatable {
    /// Failures in a row, none of them older than `window`, that eject an endpoint; 0 for no such rule.
    package var failures = 5
    package var window: Nanoseconds = .seconds(10)
    /// How long an endpoint is left out the first time; each further time twice as long.
    package var ejectFor: Nanoseconds = .seconds(30)
    package var mostEjectFor: Nanoseconds = .seconds(300)
    /// Share of the endpoints that may be ejected at a time; one always may be where there are others.
    package var maxEjected = 0.5
    /// Answers that count as failures.
    package var statuses: StatusSet = [502...504]
    package var successRate: SuccessRateSettings?
    package var latency: LatencyOutlierSettings?
    package init() {}

    /// Whether endpoints are compared with each other.
    var compares: Bool { successRate != nil || latency != nil }
}

package struct SuccessRateSettings: Sendable, Equatable {
    /// Standard deviations of the others' rates that an endpoint may lie below their mean.
    package var deviation = 2.0
    /// An endpoint with fewer requests in the window is not judged.
    package var minimumRequests = 50
    /// Endpoints that can be judged; with fewer none is.
    package var minimumEndpoints = 3
    package init() {}
}

package struct LatencyOutlierSettings: Sendable, Equatable {
    /// How many times as long as the median of the others an endpoint may take.
    package var factor = 3.0
    /// A difference below this is none.
    package var atLeast: Nanoseconds = .milliseconds(10)
    package var minimumRequests = 50
    package var minimumEndpoints = 3
    package init() {}
}
