package enum HostName {
    /// Whether this can be the name of a host: letters, digits and hyphens in labels of 1 to 63, at most 253 in all
    /// (RFC 1123 §2.1); the underscore, which private networks use, too. An IP address is none.
    package static func isValid(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count), IPAddress(parsing: text) == nil else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { ASCII.isDigit($0) || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || $0 == 0x2d || $0 == 0x5f }
        }
    }
}
