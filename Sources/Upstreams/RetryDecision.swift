package import GatewayCore
import Primitives

/// Whether an exchange that failed before its response began is tried again. Pure.
package enum RetryDecision: Equatable {
    case giveUp
    /// The connection had been used before and died: the same again, on a new connection, without counting.
    case again
    /// On another endpoint, if there is one.
    case elsewhere

    package init(_ exchange: Exchange, _ error: GatewayError, _ settings: RetrySettings) {
        self = .giveUp
        // A body that has been handed on is gone; a response that has begun can't be taken back.
        guard !exchange.requestBodyTouched, !exchange.responseStarted else { return }
        switch error.reason {
        case .upstreamConnectFailed, .upstreamConnectTimeout:
            if settings.onConnectFailure, exchange.attempts < settings.attempts { self = .elsewhere }
        case .upstreamReset where error.retry == .yes:
            // The upstream has not begun to work on it, so any method may be tried again.
            if exchange.attempts < settings.attempts { self = .elsewhere }
        case .upstreamReset:
            guard exchange.request.forwardMethod.isIdempotent else { return }
            if error.retry == .ifReused, exchange.connectionWasReused {
                self = .again
            } else if settings.onReset, exchange.attempts < settings.attempts {
                self = .elsewhere
            }
        default: return
        }
    }
}
