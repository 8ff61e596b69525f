import Expressions
import Primitives
package import Schema

/// One entry of `origins`.
package enum AllowedOrigin: Hashable, Sendable, SettingValue {
    /// `*`
    case all
    /// `null`: what sandboxed frames, files and some redirects send.
    case opaque
    /// Scheme, host and port as browsers serialise them: in lower case, without the scheme's own port.
    case exact(String)
    /// `https://*.example.com`: what stands before and behind the `*`.
    case subdomains(prefix: String, suffix: String)
    case regex(String)

    package static var shape: SettingShape {
        .either([
            .text(name: "origin", pattern: nil, examples: ["https://app.example.com", "https://*.example.com", "*"]), OriginPattern.shape,
        ])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> AllowedOrigin? {
        if let text = node.text {
            do throws(Flaw) {
                return try AllowedOrigin(text)
            } catch {
                context.error(node, node.isSecret ? "this is no origin" : error.message, remedy: error.remedy)
                return nil
            }
        }
        guard node.isMap else {
            context.mismatch(node, expected: "an origin such as https://app.example.com, or `{ regex: … }`")
            return nil
        }
        guard let pattern = OriginPattern.decode(node, in: context) else { return nil }
        do throws(LinearRegex.SyntaxError) {
            _ = try LinearRegex(pattern.regex)
            return .regex(pattern.regex)
        } catch {
            context.error(node, "the regular expression is malformed: \(error)")
            return nil
        }
    }

    package var encoded: JSONValue {
        switch self {
        case .all: "*"
        case .opaque: "null"
        case .exact(let origin): .string(origin)
        case .subdomains(let prefix, let suffix): .string("\(prefix)*\(suffix)")
        case .regex(let pattern): ["regex": .string(pattern)]
        }
    }
}

package struct OriginPattern: Settings {
    @Setting("Regular expression that has to match the whole origin, in any case; write `\\.` for a dot.")
    package var regex: String

    package init() {}
}

extension AllowedOrigin {
    struct Flaw: Error {
        let message: String
        var remedy: String?
    }

    /// Reads an origin as people write it (RFC 6454 §6.2).
    init(_ text: String) throws(Flaw) {
        if text == "*" {
            self = .all
            return
        }
        if text == "null" {
            self = .opaque
            return
        }
        guard let mark = text.firstRange(of: "://") else {
            throw Flaw(message: "`\(text)` is no origin: it has no scheme", remedy: "such as https://app.example.com")
        }
        let scheme = text[..<mark.lowerBound].lowercased(), authority = text[mark.upperBound...].lowercased()
        guard let first = scheme.utf8.first, ASCII.isLetter(first), scheme.utf8.allSatisfy(AllowedOrigin.isScheme) else {
            throw Flaw(message: "`\(scheme)` is no scheme", remedy: "such as https://app.example.com")
        }
        if let end = authority.firstIndex(where: { "/?#".contains($0) }) {
            throw Flaw(message: "an origin has no path", remedy: "write \(scheme)://\(authority[..<end])")
        }
        guard authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "@") }), !authority.isEmpty else {
            throw Flaw(message: "`\(text)` is no origin", remedy: "names beyond ASCII are written as browsers send them: https://xn--…")
        }
        let host = AllowedOrigin.withoutOwnPort(authority, scheme)
        guard host.contains("*") else {
            self = .exact("\(scheme)://\(host)")
            return
        }
        guard host.hasPrefix("*."), host.count > 2, !host.dropFirst().contains("*") else {
            throw Flaw(message: "`*` stands for subdomains alone, at the start of the host", remedy: "such as https://*.example.com, or { regex: … }")
        }
        self = .subdomains(prefix: "\(scheme)://", suffix: String(host.dropFirst()))
    }

    private static func isScheme(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Browsers leave out the port that the scheme has anyway.
    private static func withoutOwnPort(_ authority: String, _ scheme: String) -> String {
        for (name, port) in [("https", ":443"), ("http", ":80")] where scheme == name && authority.hasSuffix(port) {
            return String(authority.dropLast(port.count))
        }
        return authority
    }
}
