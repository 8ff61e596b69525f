private import Expressions

/// Every match of a snapshot, compiled once and shared by all event loops: immutable, read without locks.
///
/// A request takes the rule that fits with, in this order: the higher `priority`; the more specific host; the more specific
/// path (see `PathPattern`; base path and pattern count as one path, and a regular expression, or no path, counts as a prefix
/// as long as its base path); more conditions; HEAD by name over HEAD served for GET; the earlier place in `rules`.
/// A rule that fails a condition or the method does not end the search.
///
/// Shapes: hosts and whole literal paths are found by one probe of an open hash; everything else is a tree of path segments in flat
/// arrays, whose edges are one more open hash on (node, segment). A match costs a probe a segment, doubled where a literal and a
/// parameter both fit, however many rules there are.
package final class RouteTable: Sendable {
    let storage: RouteStorage
    let rules: [RouteRule]
    private let positions: [Int: Int]

    /// Compiles `rules`. Complexity: O(bytes of all patterns), once per host of each rule.
    ///
    /// Throws every problem at once: pairs that no request can tell apart (same priority, host, path and conditions,
    /// overlapping methods), base paths that cannot be, limits.
    package init(_ rules: [RouteRule]) throws(RouteTableError) {
        var builder = RouteTableBuilder(rules)
        storage = try builder.build()
        self.rules = rules
        var positions = [Int: Int](minimumCapacity: rules.count)
        for (position, rule) in rules.enumerated() where positions[rule.index] == nil { positions[rule.index] = position }
        self.positions = positions
    }

    /// Number of rules.
    package var count: Int { rules.count }

    /// Names of the path parameters of the route `index`, in the order of `RouteCaptures.parameter`.
    package func parameterNames(of index: Int) -> [String] {
        positions[index].map { rules[$0].path.parameterNames } ?? []
    }

    /// Names of the groups of the route's `pathRegex`, nil for those without; the first is the whole match.
    package func groupNames(of index: Int) -> [String?] {
        guard let position = positions[index], case .regex(let regex) = rules[position].path else { return [] }
        return regex.captureNames
    }
}

/// Why rules could not be compiled: all reasons at once.
package struct RouteTableError: Error, Sendable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        /// No request can tell the two rules (`RouteRule.index`) apart.
        case conflict(first: Int, second: Int, message: String)
        /// One rule cannot be compiled.
        case invalid(rule: Int, message: String)

        package var message: String {
            switch self {
            case .conflict(_, _, let message), .invalid(_, let message): message
            }
        }
    }

    package let problems: [Problem]
    package var description: String { problems.map(\.message).joined(separator: "\n") }
}
