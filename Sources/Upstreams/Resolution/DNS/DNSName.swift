/// A domain name as it stands on the wire (RFC 1035 §3.1): each label behind its length, an empty one last. Letters are
/// in lower case.
package struct DNSName: Equatable, Hashable {
    package let bytes: [UInt8]

    /// The longest name, in bytes of this form.
    static let longest = 255

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// A host name of letters, digits, hyphens and underscores, with or without a dot at its end; nil for anything else.
    package init?(_ host: String) {
        var bytes: [UInt8] = []
        let text = host.hasSuffix(".") ? host.dropLast() : host[...]
        for label in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.allSatisfy(DNSName.isAllowed) else { return nil }
            bytes.append(UInt8(label.count))
            bytes.append(contentsOf: label.map { $0 | ($0 &- 0x41 < 26 ? 0x20 : 0) })
        }
        bytes.append(0)
        guard bytes.count <= DNSName.longest else { return nil }
        self.bytes = bytes
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
