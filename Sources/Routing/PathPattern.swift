package import Expressions

/// Which paths a route answers for, seen after the API's base path. More specific first:
///
/// | pattern | matches |
/// | --- | --- |
/// | `/ping` | exactly this path |
/// | `/products/{id}` | one non-empty segment for each parameter; more literal segments first, then the literal further left |
/// | `/offers/*`, `/files/{path*}`, `/users/{id}/*` | `/offers/` and everything below it, but not `/offers`; longest first |
/// | a regular expression | paths in which it finds a match; among equals the order in the file decides |
/// | nothing | every path, and "*" |
///
/// `/*` matches every path. The base path alone is the path `/`: below `/catalog`, the patterns `/` and `/*` match `/catalog` too.
package enum PathPattern: Sendable {
    package enum Segment: Hashable, Sendable {
        /// In normalised form: escapes in upper case, nothing escaped that need not be.
        case literal(String)
        case parameter(String)
    }

    case any
    /// The whole path in normalised form.
    case exact(String)
    /// At least one segment is a parameter.
    case template([Segment])
    /// What comes before the last "/"; `rest` names what comes after it, nil for `*`.
    case prefix([Segment], rest: String?)
    case regex(LinearRegex)

    /// A regular expression: linear time, unanchored unless it says `^`.
    package init(regex pattern: String) throws(PatternError) {
        do {
            self = .regex(try LinearRegex(pattern))
        } catch {
            throw PatternError("pathRegex \"\(pattern)\": \(error)")
        }
    }

    /// Parameters in the order in which `RouteCaptures` counts them; a named rest is the last.
    package var parameterNames: [String] {
        func names(_ segments: [Segment]) -> [String] {
            segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
        }
        return switch self {
        case .any, .exact, .regex: []
        case .template(let segments): names(segments)
        case .prefix(let segments, let rest): names(segments) + (rest.map { [$0] } ?? [])
        }
    }
}

extension PathPattern: CustomStringConvertible {
    /// As a user writes it.
    package var description: String {
        func text(_ segments: [Segment]) -> String {
            segments.map { segment in
                switch segment {
                case .literal(let text): "/" + text
                case .parameter(let name): "/{\(name)}"
                }
            }.joined()
        }
        return switch self {
        case .any: "any path"
        case .exact(let path): path
        case .template(let segments): text(segments)
        case .prefix(let segments, let rest): text(segments) + (rest.map { "/{\($0)*}" } ?? "/*")
        case .regex(let regex): "pathRegex \(regex.pattern)"
        }
    }
}
