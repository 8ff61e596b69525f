/// A name that a certificate gives its owner (RFC 5280 §4.2.1.6), of the kinds that upstreams are known by.
package enum SubjectAltName: Hashable, Sendable, CustomStringConvertible {
    /// In lower case; in a certificate the first label may be `*`.
    case dns(String)
    case ip(IPAddress)
    case uri(String)
    /// Of people; nobody configures an upstream by one.
    case email(String)

    /// A name as people write it: an address, a URI with its scheme, or a host name. Nil for anything else.
    package init?(parsing text: String) {
        if let address = IPAddress(parsing: text) {
            self = .ip(address)
        } else if text.contains("://") {
            guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
            self = .uri(text)
        } else {
            guard HostName.isValid(text) else { return nil }
            self = .dns(text.lowercased())
        }
    }

    package var description: String {
        switch self {
        case .dns(let name): "DNS:\(name)"
        case .ip(let address): "IP:\(address)"
        case .uri(let uri): "URI:\(uri)"
        case .email(let address): "email:\(address)"
        }
    }

    /// The name alone, without its kind.
    package var text: String {
        switch self {
        case .dns(let name): name
        case .ip(let address): address.description
        case .uri(let uri): uri
        case .email(let address): address
        }
    }

    /// Whether this name, from a certificate, stands for `wanted`. A wildcard stands for exactly one label, and only
    /// as the whole first one (RFC 9525 §6.3).
    package func covers(_ wanted: SubjectAltName) -> Bool {
        guard case .dns(let pattern) = self, case .dns(let name) = wanted, pattern.hasPrefix("*.") else { return self == wanted }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex, pattern.dropFirst(2).contains(".") else { return false }
        return name[dot...] == pattern.dropFirst()
    }
}
