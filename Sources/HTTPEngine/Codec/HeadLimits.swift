package import GatewayCore

/// Bounds of one message head.
package struct HeadLimits: Sendable, Equatable {
    /// Longest head, from the first byte to the empty line.
    package var bytes = 32 << 10
    /// Most header fields, trailers included.
    package var fields = 100
    /// Longest request-target.
    package var target = 8 << 10

    package init() {}
}

/// What a parser of heads makes of the bytes so far.
package enum HeadResult: Equatable {
    case incomplete
    /// The head is this long, empty line included.
    case complete(Int)
    case failed(GatewayError)
}
