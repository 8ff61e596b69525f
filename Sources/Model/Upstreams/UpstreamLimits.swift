package import Schema

package struct UpstreamLimits: Settings {
    @Setting("Connections to all endpoints together.", 1...1_000_000)
    package var connections: Int = 1024

    @Setting("Requests in flight.", 1...10_000_000)
    package var requests: Int = 4096

    @Setting("Requests that wait for a connection: 503 beyond. 0 never waits.", 0...10_000_000)
    package var queue: Int = 128

    @Setting(
        "A limit of requests in flight, beside `requests`, that follows what the service can do: it grows while answers come as quickly as usual, and falls when they take longer."
    )
    package var adaptive: AdaptiveConcurrency?

    @Setting("Most that one route, API or consumer may have of `requests`: 503 beyond. Left out: all of it.")
    package var share: LimitShare?

    package init() {}
}

package struct UpstreamTimeouts: Settings {
    @Setting("Until a connection stands: TCP, TLS.", .milliseconds(1) ... .seconds(3600))
    package var connect: Duration = .seconds(1)

    @Setting("From the end of the request to the head of the response: 504 beyond.", .milliseconds(1) ... .seconds(86400))
    package var response: Duration = .seconds(15)

    @Setting("Longest pause inside a response; also how long an unused connection is kept.", .milliseconds(1) ... .seconds(86400))
    package var idle: Duration = .seconds(60)

    @Setting("Longest time for the whole exchange, tries included. Left out: no bound.", .milliseconds(1) ... .seconds(86400 * 7))
    package var total: Duration?

    @Setting(
        "HTTP/2: silence on a connection in use after which the endpoint is asked for a sign of life (PING); without one for as long again the connection counts as lost. Left out: it is not asked.",
        .milliseconds(10) ... .seconds(86400))
    package var ping: Duration?

    package init() {}
}
