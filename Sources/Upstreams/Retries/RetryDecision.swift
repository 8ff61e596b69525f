package import GatewayCore
import Primitives

/// Whether an exchange that failed before its response began is tried again. Pure.
package enum RetryDecision: Equatable {
    case giveUp
    /// The connection had been used before and died: the same again, on a new connection, without counting.
    case again
    /// On another endpoint, if there is one.
    case elsewhere(RetryCause)

    /// - Parameter hasBody: the whole body of the request can be sent once more.
    package init(_ exchange: Exchange, _ error: GatewayError, _ settings: RetrySettings, hasBody: Bool) {
        self = .giveUp
        // A body that has been handed on is gone, unless it was kept; a response that has begun can't be taken back.
        guard hasBody, !exchange.responseStarted else { return }
        let hasTriesLeft = exchange.attempts < settings.attempts
        let mayRepeat = settings.allows(exchange.request.forwardMethod)
        switch error.reason {
        case .upstreamConnectFailed, .upstreamConnectTimeout, .upstreamCertificateInvalid, .upstreamTLSFailed:
            if settings.onConnectFailure, hasTriesLeft { self = .elsewhere(.connectFailure) }
        case .upstreamReset where error.retry == .yes:
            // The upstream has not begun to work on it, so any method may be tried again.
            if hasTriesLeft { self = .elsewhere(.refused) }
        case .upstreamReset:
            guard mayRepeat else { return }
            if error.retry == .ifReused, exchange.connectionWasReused {
                self = .again
            } else if settings.onReset, hasTriesLeft {
                self = .elsewhere(.reset)
            }
        case .upstreamTimeout:
            if mayRepeat, hasTriesLeft, settings.onTimeout || exchange.tryIsOverdue { self = .elsewhere(.timeout) }
        default: return
        }
    }

    /// For a response whose head is there and has not been passed on. Of a call of gRPC, `call` is the status in the head:
    /// the answer consists of nothing else.
    package init(_ exchange: Exchange, status: Int, call: CallStatus?, _ settings: RetrySettings, hasBody: Bool) {
        self = .giveUp
        guard hasBody, !exchange.responseStarted, exchange.attempts < settings.attempts else { return }
        if let call {
            // The caller of gRPC has said by its settings which answers mean that nothing was done.
            if settings.onCallStatus.contains(call) { self = .elsewhere(.callStatus) }
        } else if settings.onStatus.contains(status), settings.allows(exchange.request.forwardMethod) {
            self = .elsewhere(.status)
        }
    }
}

/// Why a request is tried again: a label of metrics.
package enum RetryCause: UInt8, CaseIterable, Sendable {
    case connectFailure, refused, reset, timeout, status, callStatus

    package var label: String {
        switch self {
        case .connectFailure: "connect-failure"
        case .refused: "refused"
        case .reset: "reset"
        case .timeout: "timeout"
        case .status: "status"
        case .callStatus: "grpc-status"
        }
    }

    /// The endpoint has not begun to work on the request: there is nothing to spare it by waiting, if there is another.
    package var isHarmless: Bool { self == .connectFailure || self == .refused }
}

/// What one event loop has tried again for an upstream.
package struct RetryCounters: Sendable {
    private var counts = InlineArray<6, UInt64>(repeating: 0)
    /// Retries that the budget did not allow.
    package var denied: UInt64 = 0

    package init() {}

    package mutating func note(_ cause: RetryCause) { counts[Int(cause.rawValue)] &+= 1 }
    package subscript(cause: RetryCause) -> UInt64 { counts[Int(cause.rawValue)] }

    package mutating func add(_ other: RetryCounters) {
        for cause in RetryCause.allCases { counts[Int(cause.rawValue)] &+= other[cause] }
        denied &+= other.denied
    }
}
