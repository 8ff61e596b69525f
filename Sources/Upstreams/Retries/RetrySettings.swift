package import GatewayCore
package import Primitives
package import Reactor

package struct RetrySettings: Sendable, Equatable {
    /// Most tries of one request, the first included.
    package var attempts = 2
    package var onConnectFailure = true
    package var onReset = false
    /// No answer in time: `timeouts.response` has passed.
    package var onTimeout = false
    /// Answers that are worth another try.
    package var onStatus: StatusSet = []
    /// Answers to calls of gRPC that are worth another try.
    package var onCallStatus: CallStatusSet = []
    /// Methods whose requests may be carried out twice; empty for the idempotent ones.
    package var methods: HTTPMethodSet = []
    /// Retries for each request, over the last ten seconds; nil for no bound.
    package var budget: Double? = 0.2
    /// What the budget allows whatever the requests, a second, on one event loop.
    package var budgetMinimum = 10.0
    package var backoff = RetryBackoff()
    /// From the beginning of a try to the head of its response; `.max` for no bound of its own.
    package var perTry: Nanoseconds = .max
    /// The longest `Retry-After` of an answer that is waited for. An answer that asks for more is passed on.
    package var retryAfter: Nanoseconds = .seconds(1)
    /// Most bytes of a request's body that are kept for another try; 0 keeps none.
    package var body = 64 << 10
    package init() {}

    /// Whether a request with this method may be carried out twice.
    package func allows(_ method: HTTPMethod) -> Bool { methods.isEmpty ? method.isIdempotent : methods.contains(method) }

    /// Whether an answer of the upstream, or a connection that breaks while it is waited for, may lead to another try.
    package var repeatsAfterSending: Bool { onReset || onTimeout || perTry != .max || !onStatus.isEmpty || !onCallStatus.isEmpty }
}
