import GatewayCore
package import Primitives

/// What `$1` and its like stand for: groups of a pattern that has matched a path.
package struct TemplateGroups {
    private let path: ByteView
    private let captures: [Range<Int>?]

    package init(_ path: ByteView, _ captures: [Range<Int>?]) {
        self.path = path
        self.captures = captures
    }

    subscript(number: Int) -> ByteView? { captures.indices.contains(number) ? captures[number].map { path[$0] } : nil }
}

/// What the text of a template becomes part of, which decides what has to be escaped.
package enum TemplateUse: Sendable {
    /// Anything: nothing is escaped.
    case text
    /// A path. What the template says and what was matched in the client's path stand as they are; what variables and
    /// expressions give is one segment, or a part of one: percent-encoded, slashes too. What is made of `request.path` alone is a path already.
    case path
    /// The value of a query parameter: all of it is percent-encoded, once.
    case queryValue

    /// Escapes what a part has written behind the first `start` bytes.
    func finish(_ part: PolicyTemplate.Part, _ out: ByteBuffer, from start: Int) {
        switch self {
        case .text: return
        case .path:
            if case .value = part, !part.isPath { out.percentEncode(from: start) }
        case .queryValue: out.percentEncode(from: start, keepsEscapes: part.isPath)
        }
    }
}
