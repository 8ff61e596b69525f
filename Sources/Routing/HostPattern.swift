private import Primitives

/// Which hosts a route answers for. More specific first: exact, wildcard with the longer suffix, any.
package enum HostPattern: Hashable, Sendable, CustomStringConvertible {
    case any
    /// Lower case, without port and trailing dot.
    case exact(String)
    /// `*.example.org` is `wildcard("example.org")`: one or more labels before the suffix, never the suffix itself.
    case wildcard(String)

    /// `api.example.com`, `*.example.org`, `*`, `192.0.2.1`, `[2001:db8::1]`.
    package init(parsing text: String) throws(PatternError) {
        var name = text.lowercased()
        if name.hasSuffix("."), name != "*." { name.removeLast() }
        if name == "*" {
            self = .any
        } else if name.hasPrefix("[") {
            guard name.hasSuffix("]"), IPAddress(parsing: String(name.dropFirst().dropLast())) != nil else {
                throw PatternError("host \"\(text)\" is not an IPv6 address in brackets; a port belongs to the listener")
            }
            self = .exact(name)
        } else if name.hasPrefix("*.") {
            let suffix = String(name.dropFirst(2))
            try HostPattern.check(suffix, in: text)
            self = .wildcard(suffix)
        } else {
            try HostPattern.check(name, in: text)
            self = .exact(name)
        }
    }

    package var description: String {
        switch self {
        case .any: "*"
        case .exact(let name): name
        case .wildcard(let suffix): "*.\(suffix)"
        }
    }

    private static func check(_ name: String, in text: String) throws(PatternError) {
        guard !name.isEmpty else { throw PatternError("host \"\(text)\" is empty; leave `hosts` out to answer for every host") }
        guard name.utf8.count <= 253 else { throw PatternError("host \"\(text)\" is longer than 253 bytes") }
        guard !name.contains("/") else { throw PatternError("host \"\(text)\" holds a \"/\": write the host alone, the rest in `path`") }
        guard !name.contains(":") else { throw PatternError("host \"\(text)\" holds a \":\": a port belongs to the listener") }
        guard !name.contains("*") else {
            throw PatternError("host \"\(text)\": \"*\" stands only for whole labels at the front, as in *.example.org")
        }
        guard name.utf8.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || "-._".utf8.contains($0) }) else {
            throw PatternError("host \"\(text)\" holds characters that host names do not; write an international name in its xn-- form")
        }
        guard !name.split(separator: ".", omittingEmptySubsequences: false).contains(where: { $0.isEmpty || $0.utf8.count > 63 }) else {
            throw PatternError("host \"\(text)\" has an empty label or one longer than 63 bytes")
        }
    }
}
