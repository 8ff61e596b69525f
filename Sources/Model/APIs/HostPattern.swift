package import Schema

/// A host that an API answers for, in lower case, without port.
package enum HostPattern: Hashable, Sendable, ParsedText {
    case exact(String)
    /// `*`: every host, as if `hosts` were left out.
    case any
    /// `*.example.org`: every name below, held as `example.org`.
    case wildcard(String)

    package init?(parsing text: String) {
        let lowered = text.lowercased()
        if lowered == "*" {
            self = .any
        } else if lowered.hasPrefix("*.") {
            let suffix = String(lowered.dropFirst(2))
            guard HostPattern.isHost(suffix) else { return nil }
            self = .wildcard(suffix)
        } else {
            guard HostPattern.isHost(lowered) else { return nil }
            self = .exact(lowered)
        }
    }

    package static var expectation: String {
        "a host without port such as api.example.com, or *.example.com for every name below"
    }
    package static var shape: SettingShape {
        .text(name: "host", pattern: #"^\*$|^(\*\.)?[^*:/\s]+$|^\[[0-9a-fA-F:.]+\]$"#, examples: ["api.example.com", "*.example.com"])
    }
    package var text: String {
        switch self {
        case .any: "*"
        case .exact(let host): host
        case .wildcard(let suffix): "*.\(suffix)"
        }
    }

    private static func isHost(_ text: String) -> Bool {
        // An IPv6 address in brackets, as in the Host header.
        if text.hasPrefix("["), text.hasSuffix("]") {
            return text.utf8.count > 2 && text.utf8.dropFirst().dropLast().allSatisfy { "0123456789abcdef:.".utf8.contains($0) }
        }
        guard !text.isEmpty, text.utf8.count <= 253, !text.hasPrefix("."), !text.hasSuffix("."), !text.contains("..") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-._".utf8.contains(byte)
            }
        }
    }
}
