package import Primitives

extension CIDR: ParsedText {
    package static var expectation: String { "a network such as 10.0.0.0/8 or fd00::/8, or an address" }
    package static var shape: SettingShape { .text(name: "network", pattern: nil, examples: ["10.0.0.0/8"]) }
    package var text: String { description }
}

extension IPAddress: ParsedText {
    package static var expectation: String { "an address such as 10.0.0.1 or fd00::1" }
    package static var shape: SettingShape { .text(name: "address", pattern: nil, examples: ["10.0.0.1"]) }
    package var text: String { description }
}

extension HTTPMethod: SettingValue {
    package static var shape: SettingShape { .choice(allCases.filter { $0 != .other }.map { "\($0.name)" }) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> HTTPMethod? {
        if let text = node.text, let method = HTTPMethod(name: text) { return method }
        let upper = node.isSecret ? nil : node.text?.uppercased()
        context.mismatch(
            node, expected: "a method such as GET",
            remedy: upper.flatMap { Suggestion.question($0, among: allCases.map { "\($0.name)" }.filter { !$0.isEmpty }) })
        return nil
    }

    package var encoded: JSONValue { .string("\(name)") }
}

/// An address to listen on: `127.0.0.1:8080`, `[::]:8080`, `unix:/path`. Port 0 lets the system choose.
package enum BindAddress: Hashable, Sendable, ParsedText {
    case ip(IPAddress, port: UInt16)
    case unix(String)

    package init?(parsing text: String) {
        switch EndpointAddress(parsing: text, lowestPort: 0) {
        case .ip(let address, let port): self = .ip(address, port: port)
        case .unix(let path): self = .unix(path)
        case .name, .service, nil: return nil
        }
    }

    /// Reachable from this machine alone.
    package var isLocal: Bool {
        switch self {
        case .ip(let address, _): address.isLoopback
        case .unix: true
        }
    }

    package static var expectation: String { "an address and port such as 0.0.0.0:8080 or [::]:8080, or unix:/path" }
    package static var shape: SettingShape {
        .text(name: "address", pattern: #"^(.+:\d+|unix:/.+)$"#, examples: ["0.0.0.0:8080", "unix:/run/sluice.sock"])
    }
    package var text: String {
        switch self {
        case .ip(let address, let port): EndpointAddress.ip(address, port: port).text
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// An address to connect to: `127.0.0.1:9001`, `[::1]:9001`, `catalog.internal:9000`, `unix:/path`.
package enum EndpointAddress: Hashable, Sendable, ParsedText {
    case ip(IPAddress, port: UInt16)
    /// A host that must be resolved, in lower case.
    case name(String, port: UInt16)
    /// The name of a service, such as `_http._tcp.orders.internal`, in lower case: hosts and ports are what DNS says (RFC 2782).
    case service(String)
    case unix(String)

    package init?(parsing text: String) { self.init(parsing: text, lowestPort: 1) }

    init?(parsing text: String, lowestPort: UInt16) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            // sun_path holds 107 bytes and a zero.
            guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(0) else { return nil }
            self = .unix(String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":") else {
            guard text.hasPrefix("_"), EndpointAddress.isName(text[...]) else { return nil }
            self = .service(text.lowercased())
            return
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits), port >= lowestPort else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), let address = IPAddress(parsing: String(host.dropFirst().dropLast())), !address.isIPv4 else {
                return nil
            }
            self = .ip(address, port: port)
        } else if let address = IPAddress(parsing: String(host)) {
            guard address.isIPv4 else { return nil }
            self = .ip(address, port: port)
        } else {
            guard EndpointAddress.isName(host) else { return nil }
            self = .name(host.lowercased(), port: port)
        }
    }

    package static var expectation: String { "host:port such as 127.0.0.1:9001, [::1]:9001 or orders.internal:80, or unix:/path" }
    package static var shape: SettingShape {
        .text(
            name: "address", pattern: #"^(.+:\d+|unix:/.+|_.+)$"#,
            examples: ["127.0.0.1:9001", "orders.internal:80", "unix:/run/orders.sock", "_http._tcp.orders.internal"])
    }
    package var text: String {
        switch self {
        case .ip(let address, let port): address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .name(let name, let port): "\(name):\(port)"
        case .service(let name): name
        case .unix(let path): "unix:\(path)"
        }
    }

    /// A host name (RFC 1123, and underscores, which Docker and Windows use). One that ends in digits is a mistyped address.
    private static func isName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        let labels = (host.hasSuffix(".") ? host.dropLast() : host).split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
        return areLabels && !(labels.last ?? "").utf8.allSatisfy(ASCII.isDigit)
    }
}
