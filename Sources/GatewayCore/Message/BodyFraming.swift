/// How the end of a message's body is known (RFC 9112 §6.3).
package enum BodyFraming: Equatable, Sendable {
    case none
    /// Exactly this many bytes.
    case length(Int)
    case chunked
    /// Until the connection ends; responses only.
    case untilClose

    package var hasBody: Bool { self != .none && self != .length(0) }
}
