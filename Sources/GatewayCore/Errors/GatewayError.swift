/// Why the gateway itself answers, or cuts, an exchange.
package struct GatewayError: Error, Equatable, Sendable {
    package let reason: Reason
    package let source: Source
    package let retry: Retry
    /// The status that the client is sent: the reason's, unless settings have it otherwise.
    package let status: Int
    /// What exactly is wrong, for the one who has to mend it. Never holds a secret or a client's bytes.
    package let detail: String

    /// Who has to mend it.
    package enum Source: UInt8, Sendable { case downstream, upstream, gateway }

    /// Whether the same request may be tried again elsewhere.
    package enum Retry: UInt8, Sendable {
        case no
        case yes
        /// Only when the connection had served before: it may have been closed while the request was under way.
        case ifReused
    }

    package init(_ reason: Reason, _ source: Source = .downstream, retry: Retry = .no, status: Int? = nil, _ detail: String = "") {
        self.reason = reason
        self.source = source
        self.retry = retry
        self.status = status ?? reason.status
        self.detail = detail.isEmpty ? "\(reason.entry.title)." : detail
    }

    /// What the client did wrong.
    package init(_ reason: Reason, _ detail: String) { self.init(reason, .downstream, detail) }
}
