/// The name of a workload: `spiffe://trust-domain/path` (SPIFFE-ID, §2).
package struct SPIFFEID: Hashable, Sendable, CustomStringConvertible {
    package let trustDomain: String
    /// Begins with `/`; empty for the trust domain itself.
    package let path: String

    private static let scheme = "spiffe://"

    /// Nil unless the text follows every rule: lower-case trust domain without port or user, path segments of letters,
    /// digits, `.`, `-`, `_`, none empty, `.` or `..`, no query, no fragment, at most 2048 bytes.
    package init?(parsing text: String) {
        guard text.utf8.count <= 2048, text.hasPrefix(SPIFFEID.scheme) else { return nil }
        let rest = text.dropFirst(SPIFFEID.scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard SPIFFEID.isTrustDomain(rest[..<slash]) else { return nil }
        let path = rest[slash...]
        if !path.isEmpty {
            let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            guard segments.allSatisfy(SPIFFEID.isSegment) else { return nil }
        }
        trustDomain = String(rest[..<slash])
        self.path = String(path)
    }

    package var description: String { "\(SPIFFEID.scheme)\(trustDomain)\(path)" }

    package static func isTrustDomain(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { ASCII.isDigit($0) || $0 >= 0x61 && $0 <= 0x7a || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f }
    }

    private static func isSegment(_ text: Substring) -> Bool {
        guard !text.isEmpty, text != ".", text != ".." else { return false }
        return text.utf8.allSatisfy {
            ASCII.isDigit($0) || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f
        }
    }
}
