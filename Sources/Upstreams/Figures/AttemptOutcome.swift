package import GatewayCore
package import Reactor

/// What came of one try of a request, as breakers and detectors of outliers see it.
package struct AttemptOutcome: Sendable, Equatable {
    package var kind: Kind
    /// The status of the answer, 0 without one.
    package var status = 0
    /// From the beginning of the try to the head of the response, or until it failed.
    package var latency: Nanoseconds

    package enum Kind: UInt8, Sendable {
        case answered
        /// Not connected, broken off, malformed.
        case failed
        case timedOut
        /// The response broke off when its head had been counted already.
        case brokenOff
    }

    package init(_ kind: Kind, status: Int = 0, latency: Nanoseconds = 0) {
        self.kind = kind
        self.status = status
        self.latency = latency
    }

    /// Whether it counts as a failure where these statuses do.
    package func isFailure(_ statuses: StatusSet) -> Bool { kind != .answered || statuses.contains(status) }
}

extension AttemptOutcome.Kind {
    /// What an error of an attempt is; nil when it says nothing about the endpoint.
    package init?(_ reason: Reason, responseStarted: Bool) {
        switch reason {
        case .clientClosed, .upstreamOverloaded, .upstreamQueueTimeout, .noHealthyEndpoint, .breakerOpen: return nil
        case _ where responseStarted: self = .brokenOff
        case .upstreamConnectTimeout, .upstreamTimeout, .upstreamIdleTimeout, .upstreamTotalTimeout, .deadlineExceeded: self = .timedOut
        default: self = .failed
        }
    }
}
