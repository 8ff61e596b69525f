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

    /// Without a dot at its end; empty for the root.
    var text: String {
        var labels: [Substring] = []
        var at = 0
        while at < bytes.count, bytes[at] > 0 {
            let end = min(at + 1 + Int(bytes[at]), bytes.count)
            labels.append(Substring(decoding: bytes[at + 1..<end], as: UTF8.self))
            at = end
        }
        return labels.joined(separator: ".")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
