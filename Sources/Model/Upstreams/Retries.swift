package import Primitives
package import Schema

package struct Retries: Settings {
    @Setting("Tries for a request in all, the first included; 1 never tries again. Only requests that may safely be repeated.", 1...10)
    package var attempts: Int = 2

    @Setting(
        "Failures and answers that are worth another try: `connect-failure`, `reset`, `timeout`, statuses such as `503` or `502-504`, and answers to calls of gRPC that carry nothing but a status (`grpc-unavailable` …)."
    )
    package var on: [RetryCondition] = [.failure(.connectFailure), .failure(.reset)]

    @Setting("Retries for each request, over ten seconds: what a failing service gets beside its load.")
    package var budget: Share = .percent(20)

    @Setting("Retries a second that the budget always allows, over all event loops.", 0...1_000_000)
    package var budgetMinimum: Int = 20

    @Setting(
        "Longest wait before the first retry; each doubles it, and the wait is anything up to it. None where a connection failed and there is another endpoint. 0s never waits.",
        .zero ... .seconds(60))
    package var backoff: Duration = .milliseconds(25)

    @Setting("Longest wait before any retry.", .zero ... .seconds(3600))
    package var maxBackoff: Duration = .milliseconds(250)

    @Setting(
        "Longest time for one try until the head of the response; a request that may be repeated is tried again then. Left out: `timeouts.response` bounds each.",
        .milliseconds(1) ... .seconds(86400))
    package var perTry: Duration?

    @Setting("Longest `Retry-After` of an answer that is waited for; an answer that asks for more goes to the client.", .zero ... .seconds(60))
    package var retryAfter: Duration = .seconds(1)

    @Setting("Longest body of a request that is kept for another try. 0 keeps none.", .bytes(0)...ByteSize.bytes(16 << 20))
    package var body: ByteSize = .kibibytes(64)

    @Setting(
        "Methods whose requests may be carried out twice. Left out: those that are idempotent (GET, HEAD, PUT, DELETE …). What an upstream has not begun to work on is tried again whatever the method."
    )
    package var methods: [HTTPMethod] = []

    package init() {}
}

/// What is worth another try.
package enum RetryCondition: Hashable, Sendable, SettingValue {
    case failure(RetryFailure)
    case status(StatusRange)

    package static var shape: SettingShape { .either([RetryFailure.shape, StatusRange.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RetryCondition? {
        if let text = node.text, let range = StatusRange(parsing: text) {
            guard range.codes.lowerBound >= 400 else {
                context.mismatch(node, expected: "a status of 400 or more: other answers are final")
                return nil
            }
            return .status(range)
        }
        return RetryFailure.decode(node, in: context).map { .failure($0) }
    }

    package var encoded: JSONValue {
        switch self {
        case .failure(let failure): failure.encoded
        case .status(let range): range.encoded
        }
    }
}

package enum RetryFailure: String, SettingChoice {
    case connectFailure = "connect-failure"
    case reset
    case timeout
    case grpcAborted = "grpc-aborted"
    case grpcCancelled = "grpc-cancelled"
    case grpcDeadlineExceeded = "grpc-deadline-exceeded"
    case grpcInternal = "grpc-internal"
    case grpcResourceExhausted = "grpc-resource-exhausted"
    case grpcUnavailable = "grpc-unavailable"
    case grpcUnknown = "grpc-unknown"
}
