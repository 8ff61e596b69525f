import Primitives
import Reactor

/// What `resolv.conf` says (resolv.conf(5)).
struct ResolverConfiguration: Equatable {
    /// Three at most.
    var nameservers: [SocketAddress] = []
    var search: [String] = []
    /// A name with at least so many dots is first tried as it is.
    var ndots = 1
    var timeout = Nanoseconds.seconds(5)
    var attempts = 2

    init() { self.init("") }

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") && !line.hasPrefix(";") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            switch words.first {
            case "nameserver" where words.count > 1 && nameservers.count < 3:
                if let ip = IPAddress(parsing: words[1]) { nameservers.append(.ip(ip, port: 53)) }
            case "search", "domain": search = words.dropFirst().map { $0.lowercased() }
            case "options": for option in words.dropFirst() { apply(option) }
            default: break
            }
        }
        if nameservers.isEmpty { nameservers = [.ip(.loopback, port: 53)] }
    }

    private mutating func apply(_ option: String) {
        let parts = option.split(separator: ":")
        guard parts.count == 2, let number = Int(parts[1]), number >= 0 else { return }
        switch parts[0] {
        case "ndots": ndots = min(number, 15)
        case "timeout": timeout = .seconds(min(max(1, number), 30))
        case "attempts": attempts = min(max(1, number), 5)
        default: break
        }
    }

    /// The names to ask for in place of `host`, in order. One that ends with a dot is complete.
    func candidates(_ host: String) -> [String] {
        if host.hasSuffix(".") { return [host] }
        let searched = search.prefix(16).map { $0 == "." ? host : "\(host).\($0)" }
        let isComplete = host.utf8.count { $0 == UInt8(ascii: ".") } >= ndots
        return isComplete ? [host] + searched : searched + [host]
    }
}
