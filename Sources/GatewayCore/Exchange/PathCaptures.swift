/// What the braces, the star and the groups of a route's path matched, as places in the storage of the request's head:
/// they stay right when the path is rewritten. The memory is reused by the next exchange.
package struct PathCaptures {
    /// Where the route's own path begins: the length of the API's base path.
    package var pathStart = 0
    /// In the order of `RouteInfo.parameters`, as they stand in the path (not percent-decoded).
    package var parameters: ContiguousArray<RequestHead.Span> = []
    /// Groups of a `pathRegex`, 0 for the whole match; nil for one that took no part.
    package var groups: ContiguousArray<RequestHead.Span?> = []
    /// What `/*` stands for, without the slash before it.
    package var rest: RequestHead.Span?

    package init() {}

    package mutating func clear() {
        if !parameters.isEmpty { parameters.removeAll(keepingCapacity: true) }
        if !groups.isEmpty { groups.removeAll(keepingCapacity: true) }
        rest = nil
        pathStart = 0
    }
}
