package import Expressions

/// What a match found out about the path, and the memory that matching needs. One per event loop, reused: warm, it
/// never allocates; a copy would be a mistake, so there are none. Ranges are byte offsets into `RoutableRequest.path`; they mean something only after `.route`.
package struct RouteCaptures: ~Copyable {
    /// Most parameters of one path.
    package static let parameterLimit = 16

    /// Where the route's own path begins: the length of the base path. Equal to the path's length when the request is for
    /// the base path alone, which is the route's path "/".
    package internal(set) var pathStart = 0
    /// What `*` or `{name*}` stands for, nil for other patterns; for a route without a path, what follows the base path and a "/".
    package internal(set) var remainder: Range<Int>?
    package internal(set) var parameterCount = 0
    var parameters = InlineArray<16, ByteRange>(repeating: ByteRange(start: 0, end: 0))
    /// Groups of a `pathRegex`, 0 for the whole match; empty for other patterns.
    package internal(set) var groups: [Range<Int>?] = []
    package var scratch = LinearRegex.Scratch()
    /// Nodes of the table that the last match looked at: tests compare small tables with large ones.
    package internal(set) var nodesVisited = 0

    package init() {}

    /// The parameter at `position` in `RouteTable.parameterNames(of:)`, as it stands in the path (not percent-decoded).
    package func parameter(_ position: Int) -> Range<Int>? {
        guard position >= 0, position < parameterCount else { return nil }
        return parameters[position].range
    }
}

/// Half the size of `Range<Int>`.
struct ByteRange {
    var start: UInt32
    var end: UInt32
    var range: Range<Int> { Int(start)..<Int(end) }
}
