package import Schema

package struct UpstreamLimits: Settings {
    @Setting("Connections to all endpoints together.", 1...1_000_000)
    package var connections: Int = 1024

    @Setting("Requests in flight.", 1...10_000_000)
    package var requests: Int = 4096

    @Setting("Requests that wait for a connection: 503 beyond. 0 never waits.", 0...10_000_000)
    package var queue: Int = 128

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

package struct Retries: Settings {
    @Setting("Tries for a request in all, the first included; 1 never tries again. Only requests that may safely be repeated.", 1...10)
    package var attempts: Int = 2

    @Setting(
        "Failures that are worth another try. The `grpc-…` ones are answers to calls of gRPC that carry nothing but this status; the body of the call is kept for it, up to 64 KiB."
    )
    package var on: [RetryCondition] = [.connectFailure, .reset]

    package static var reserved: [String] { ["budget", "backoff", "perTry"] }
    package init() {}
}

package enum RetryCondition: String, SettingChoice {
    case connectFailure = "connect-failure"
    case reset
    case grpcCancelled = "grpc-cancelled"
    case grpcDeadlineExceeded = "grpc-deadline-exceeded"
    case grpcInternal = "grpc-internal"
    case grpcResourceExhausted = "grpc-resource-exhausted"
    case grpcUnavailable = "grpc-unavailable"
    package static var reservedNames: [String] { ["502", "503", "504"] }
}
