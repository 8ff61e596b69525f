import Primitives

/// The names of `/etc/hosts` (hosts(5)).
struct HostsFile {
    /// Names are in lower case.
    private(set) var addresses: [String: [IPAddress]] = [:]

    init() {}

    /// Lines of an address and its names; what can't be read is skipped.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, let address = IPAddress(parsing: String(first)) else { continue }
            for name in words.dropFirst() { addresses[name.lowercased(), default: []].append(address) }
        }
    }
}
