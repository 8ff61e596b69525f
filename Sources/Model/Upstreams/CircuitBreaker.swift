package import Schema

package struct CircuitBreaker: Settings {
    @Setting(
        "When it opens: an expression over `errorRatio`, `requests`, `failures`, `timeouts`, `p50`, `p90`, `p95`, `p99` of the window, such as `errorRatio > 0.5 || p95 > duration(\"2s\")`."
    )
    package var when: ExpressionText

    @Setting("The time that is looked at.", .milliseconds(100) ... .seconds(3600))
    package var window: Duration = .seconds(10)

    @Setting("Requests in the window below which it stays closed.", 1...1_000_000)
    package var minimumRequests: Int = 20

    @Setting("How long it stays open: requests are answered with 503 at once.", .milliseconds(10) ... .seconds(86400))
    package var openFor: Duration = .seconds(10)

    @Setting("Requests that are let through then; it closes when all of them are answered well.", 1...1000)
    package var halfOpen: Int = 3

    @Setting("One for the `upstream`, or one for each `endpoint`: those that are open are not chosen.")
    package var per: BreakerScope = .upstream

    @Setting("Answers that are failures, beside those that do not come.")
    package var statuses: [StatusRange] = [StatusRange(500...599)]

    package init() {}
}

package enum BreakerScope: String, SettingChoice {
    case upstream, endpoint
}
