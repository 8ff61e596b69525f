import Primitives
import Schema

extension Linter {
    mutating func check(_ redirect: Redirect, _ captures: Captures, _ path: String) {
        let place = redirect.$to.position
        let to = redirect.to
        if to.text.isEmpty { error(place, "\(path).to", "a location is needed", remedy: "such as `https://api.example.com/{*}`") }
        check(to, captures, place, "\(path).to")
        if case .literal(let start)? = to.pieces.first, !start.hasPrefix("/"), !hasScheme(start) {
            error(place, "\(path).to", "a location starts with `/` or with a scheme such as `https://`")
        }
    }

    mutating func check(_ rewrite: Rewrite, _ captures: Captures, _ path: String) {
        guard let template = rewrite.path else {
            return warning(rewrite.origin.position, path, "has no effect without `path`")
        }
        let place = rewrite.$path.position
        check(template, captures, place, "\(path).path")
        if !template.text.hasPrefix("/") { error(place, "\(path).path", "a path starts with `/`") }
        if template.text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            error(place, "\(path).path", "`?` and `#` can't stand in a path", remedy: "the query is forwarded as it came")
        }
    }

    /// A template that becomes part of a head: one line, no white space, and every capture exists.
    private mutating func check(_ template: Template, _ captures: Captures, _ place: SourcePosition, _ path: String) {
        if template.text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
            error(place, path, "spaces, line breaks and control characters can't stand here", remedy: "percent-encode them")
        }
        for piece in template.pieces where !captures.has(piece) {
            error(place, path, "the match captures no `\(piece.text)`", remedy: known(captures))
        }
    }

    private func known(_ captures: Captures) -> String {
        var pieces = captures.names.map { "`{\($0)}`" }
        if captures.hasRest { pieces.append("`{*}`") }
        if captures.groups > 0 { pieces += (1...min(9, captures.groups)).map { "`$\($0)`" } }
        return pieces.isEmpty ? "it captures nothing" : "it captures \(pieces.joined(separator: ", "))"
    }

    mutating func check(_ respond: Respond, _ path: String) {
        for entry in respond.headers.entries {
            let place = "\(path).headers.\(entry.key)"
            if !isFieldName(entry.key) {
                error(entry.position, place, "`\(entry.key)` can't be the name of a header")
            } else if Linter.ownHeaders.contains(entry.key.lowercased()) {
                error(entry.position, place, "the gateway writes `\(entry.key)` itself", remedy: "leave it out")
            }
            if !entry.value.utf8.allSatisfy(ASCII.isFieldValue) {
                error(entry.position, place, "line breaks and control characters can't stand in a header")
            }
        }
        if [204, 205, 304].contains(respond.status), !respond.body.text.isEmpty {
            warning(respond.$body.position, "\(path).body", "has no effect: a \(respond.status) response has no body")
        }
    }

    /// Headers that describe the message as it is on the wire (RFC 9112).
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "date", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// `scheme://` (RFC 3986 §3.1).
    private func hasScheme(_ text: String) -> Bool {
        guard let colon = text.firstRange(of: "://") else { return false }
        let scheme = text[..<colon.lowerBound].utf8
        return scheme.first.map(ASCII.isLetter) == true
            && scheme.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "+-.".utf8.contains($0) }
    }
}
