/// What a guard counts of an address, and so what it can be too much of.
package enum GuardLimit: Int, CaseIterable, Sendable {
    /// Open connections.
    case connections
    /// Connections a second.
    case newConnections
    /// TLS handshakes a second.
    case handshakes
    /// Requests a second.
    case requests

    /// In metrics and lists.
    package var name: StaticString {
        switch self {
        case .connections: "connections"
        case .newConnections: "new_connections"
        case .handshakes: "handshakes"
        case .requests: "requests"
        }
    }
}

/// What counts against a client until there is so much of it that it is banned.
package enum Offence: Hashable, Sendable {
    /// It came although it had reached a limit.
    case excess(GuardLimit)
    /// Connections without a request; heads, bodies, answers and handshakes that make no progress.
    case slowness
    /// Heads that are longer, or have more fields, than is allowed.
    case oversizedHead
    /// What is not HTTP or TLS, or breaks it.
    case malformed
    /// Frames of HTTP/2 that do no work.
    case frameFlood
    /// It kept coming while it was banned.
    case persistence

    package static let all: [Offence] =
        GuardLimit.allCases.map { .excess($0) } + [.slowness, .oversizedHead, .malformed, .frameFlood, .persistence]

    /// In logs, metrics and lists.
    package var name: StaticString {
        switch self {
        case .excess(let limit): limit.name
        case .slowness: "slowness"
        case .oversizedHead: "oversized_head"
        case .malformed: "malformed"
        case .frameFlood: "frame_flood"
        case .persistence: "persistence"
        }
    }

    /// Its place in `all`.
    package var index: Int {
        switch self {
        case .excess(let limit): limit.rawValue
        case .slowness: 4
        case .oversizedHead: 5
        case .malformed: 6
        case .frameFlood: 7
        case .persistence: 8
        }
    }
}
