package import Schema

package struct PassiveHealth: Settings {
    @Setting("Failures in a row, within `window`, that eject an endpoint. 0: no number does.", 0...10_000)
    package var failures: Int = 5

    @Setting("The time that failures in a row may take; also how often endpoints are compared.", .milliseconds(100) ... .seconds(3600))
    package var window: Duration = .seconds(10)

    @Setting("How long an endpoint is left out the first time; each further time twice as long.", .milliseconds(10) ... .seconds(86400))
    package var ejectFor: Duration = .seconds(30)

    @Setting("Longest time that an endpoint is left out.", .milliseconds(10) ... .seconds(86400))
    package var maxEjectFor: Duration = .seconds(300)

    @Setting("Share of the endpoints that may be left out at a time; one always may, if there are others.")
    package var maxEjected: Share = .percent(50)

    @Setting("Answers that are failures, beside those that do not come.")
    package var statuses: [StatusRange] = [StatusRange(502...504)]

    @Setting("Leave out endpoints that succeed less often than the others. Left out: they are not compared.")
    package var successRate: SuccessRateOutliers?

    @Setting("Leave out endpoints that take longer than the others. Left out: they are not compared.")
    package var latency: LatencyOutliers?

    package init() {}
}

package struct SuccessRateOutliers: Settings {
    @Setting("Standard deviations of the others' rates that an endpoint may lie below their mean; less than 5 points never counts.", 0...100)
    package var deviation: Double = 2

    @Setting("Requests in the window below which an endpoint is not judged.", 1...1_000_000)
    package var minimumRequests: Int = 50

    @Setting("Endpoints with so many requests below which none is judged.", 2...10_000)
    package var minimumEndpoints: Int = 3

    package init() {}
}

package struct LatencyOutliers: Settings {
    @Setting("How many times as long as the median of the others an endpoint may take on average.", 1...1000)
    package var factor: Double = 3

    @Setting("A smaller difference never counts.", .zero ... .seconds(3600))
    package var atLeast: Duration = .milliseconds(10)

    @Setting("Answers in the window below which an endpoint is not judged.", 1...1_000_000)
    package var minimumRequests: Int = 50

    @Setting("Endpoints with so many answers below which none is judged.", 2...10_000)
    package var minimumEndpoints: Int = 3

    package init() {}
}
