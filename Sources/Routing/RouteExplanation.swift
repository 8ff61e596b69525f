package import Primitives

/// One rule and what became of it for a request: the lines of `sluice route`.
package struct RouteExplanation: Hashable, Sendable, CustomStringConvertible {
    package enum Verdict: Hashable, Sendable {
        case chosen
        /// Fits as well, but another rule is more specific.
        case outranked
        /// The first condition that failed.
        case condition(String)
        /// Everything fits but the method; these would do.
        case method(allowed: HTTPMethodSet)
        /// The host fits, the path does not.
        case path
        /// The path fits, the host does not.
        case host

        /// How near a miss it is.
        var distance: Int {
            switch self {
            case .chosen: 0
            case .outranked: 1
            case .condition: 2
            case .method: 3
            case .path: 4
            case .host: 5
            }
        }
    }

    package let index: Int
    package let label: String
    package let verdict: Verdict
    /// A sentence for people.
    package let reason: String
    package var description: String { "\(label): \(reason)" }
}
