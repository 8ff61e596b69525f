import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Media types that bodies may have (RFC 9110 §8.3).
struct ContentTypes: Sendable {
    /// `application/*+json` is `application/` before and `+json` behind the star; without a star, `end` is nil.
    fileprivate struct Pattern: Sendable {
        let start: [UInt8]
        let end: [UInt8]?
    }

    private let patterns: [Pattern]
    /// For `Accept`, which tells a client what would have been taken (RFC 9110 §15.5.16).
    let list: [UInt8]
    /// For messages.
    let text: String

    init(_ config: RequestValidation.Config) throws(PolicyError) {
        var patterns: [Pattern] = []
        for type in config.contentTypes {
            guard let pattern = Pattern(type) else {
                throw PolicyError(
                    "`\(type)` is no content type", at: config.$contentTypes.position, path: "contentTypes",
                    remedy: "write it like `application/json`, `image/*` or `application/*+json`, without parameters")
            }
            patterns.append(pattern)
        }
        self.patterns = patterns
        list = Array(config.contentTypes.joined(separator: ", ").utf8)
        text = config.contentTypes.map { "`\($0)`" }.joined(separator: " or ")
    }

    var isEmpty: Bool { patterns.isEmpty }

    /// Whether a request with these fields may have its body. Several content types are as wrong as none: who reads the body might take
    /// the other one.
    func accepts(_ fields: HeaderFields) -> Bool {
        if patterns.isEmpty { return true }
        var lines = 0
        var isKnown = false
        fields.forEach(named: ByteView("content-type")) { value in
            lines += 1
            let type = value.prefix(value.firstIndex(of: UInt8(ascii: ";")) ?? value.count).trimmed
            isKnown = patterns.contains { $0.matches(type) }
            return true
        }
        return lines == 1 && isKnown
    }
}

extension ContentTypes.Pattern {
    fileprivate init?(_ text: String) {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, parts.allSatisfy({ $0.utf8.allSatisfy(ASCII.isToken) }) else { return nil }
        let pieces = parts[1].split(separator: "*", omittingEmptySubsequences: false)
        guard !parts[0].contains("*"), pieces.count <= 2, pieces.count == 1 || pieces[0].isEmpty else { return nil }
        start = Array("\(parts[0])/\(pieces[0])".utf8)
        end = pieces.count == 2 ? Array(pieces[1].utf8) : nil
    }

    fileprivate func matches(_ type: ByteView) -> Bool {
        guard let end else { return start.withView { type.equalsIgnoringCase($0) } }
        // Something has to stand for the star.
        guard type.count > start.count + end.count else { return false }
        return start.withView { type.prefix($0.count).equalsIgnoringCase($0) }
            && end.withView { type.dropFirst(type.count - $0.count).equalsIgnoringCase($0) }
    }
}
