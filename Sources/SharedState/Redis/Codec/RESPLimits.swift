/// What a server may send at most. More ends the connection: memory is the gateway's.
package struct RESPLimits: Sendable {
    /// Of one reply, in bytes.
    package var bytes = 16 << 20
    /// Of a simple string, a number or a length, in bytes.
    package var line = 64 << 10
    /// Aggregates within each other.
    package var depth = 16
    /// Elements of all aggregates of a reply together.
    package var elements = 1 << 20

    package init() {}
}

/// Why bytes are no reply.
package enum RESPFlaw: String, Error, Sendable {
    case kind = "a reply begins with a byte that begins none"
    case line = "a line has no end, or a wrong one"
    case number = "a number or a length is malformed"
    case end = "a string is not followed by the end of its line"
    case nesting = "aggregates are nested too deeply, or where none may stand"
    case size = "a reply is too long"
}
