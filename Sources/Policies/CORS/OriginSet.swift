import Expressions
import PolicyKit
import Primitives

/// The origins that a policy allows. Asking takes one look-up for all that are written out, and one comparison for each pattern.
struct OriginSet: Sendable {
    typealias Scratch = LinearRegex.Scratch

    let allowsAll: Bool
    private let allowsOpaque: Bool
    /// In lower case, by their hash.
    private var exact: [UInt64: [[UInt8]]] = [:]
    private var subdomains: [(prefix: [UInt8], suffix: [UInt8])] = []
    private var patterns: [LinearRegex] = []

    init(_ origins: [AllowedOrigin]) throws(PolicyError) {
        allowsAll = origins.contains(.all)
        allowsOpaque = origins.contains(.opaque)
        for origin in origins {
            switch origin {
            case .all, .opaque: break
            case .exact(let text): exact[text.withView(OriginSet.hash), default: []].append(Array(text.utf8))
            case .subdomains(let prefix, let suffix): subdomains.append((Array(prefix.utf8), Array(suffix.utf8)))
            case .regex(let pattern):
                do throws(LinearRegex.SyntaxError) {
                    patterns.append(try LinearRegex(#"(?i)\A(?:\#(pattern))\z"#))
                } catch {
                    throw PolicyError("the regular expression `\(pattern)` is malformed: \(error)", path: "origins")
                }
            }
        }
    }

    func contains(_ origin: ByteView, scratch: inout Scratch) -> Bool {
        if allowsAll { return true }
        // Whoever wants it names it: no pattern means pages that hide where they come from.
        if origin == "null" { return allowsOpaque }
        if let candidates = exact[OriginSet.hash(origin)], candidates.contains(where: { $0.withView { origin.equalsIgnoringCase($0) } }) {
            return true
        }
        for (prefix, suffix) in subdomains where OriginSet.isSubdomain(origin, prefix, suffix) { return true }
        for pattern in patterns where pattern.matches(origin, scratch: &scratch) { return true }
        return false
    }

    private static func isSubdomain(_ origin: ByteView, _ prefix: [UInt8], _ suffix: [UInt8]) -> Bool {
        let end = origin.count - suffix.count
        guard end > prefix.count, prefix.withView({ origin.prefix(prefix.count).equalsIgnoringCase($0) }),
            suffix.withView({ origin.dropFirst(end).equalsIgnoringCase($0) })
        else { return false }
        // Nothing but labels between: no port, no user, no path.
        for i in prefix.count..<end where !ASCII.isUnreserved(origin[i]) { return false }
        return true
    }

    /// FNV-1a of the bytes in lower case.
    private static func hash(_ text: ByteView) -> UInt64 {
        var h: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in 0..<text.count { h = (h ^ UInt64(ASCII.lowercase(text[i]))) &* 0x100_0000_01b3 }
        return h
    }
}
