import Primitives
package import Schema

/// Where a server is, as clients of Redis write it: `redis://user:password@host:6379/0`, `rediss://` for TLS, `unix:/path`.
///
/// User and password are percent-encoded (RFC 3986 §2.1); the password is never printed.
package struct RedisURL: SettingValue {
    package let address: EndpointAddress
    package let isSecure: Bool
    package let username: String?
    package let password: SecretText?
    /// Nil: not said.
    package let database: Int?

    package init?(parsing text: String) {
        if text.hasPrefix("unix:") {
            let path = text.hasPrefix("unix://") ? "unix:" + text.dropFirst("unix://".count) : text
            guard let address = EndpointAddress(parsing: path) else { return nil }
            self.init(address, isSecure: false, user: nil, database: nil)
            return
        }
        guard let scheme = ["redis://", "rediss://"].first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var database: Int?
        let path = rest[slash...].dropFirst()
        if !path.isEmpty {
            guard path.utf8.allSatisfy(ASCII.isDigit), let number = Int(path), number <= 1_000_000 else { return nil }
            database = number
        }
        var host = rest[..<slash]
        var user: Substring?
        if let at = host.lastIndex(of: "@") {
            user = host[..<at]
            host = host[host.index(after: at)...]
        }
        let hasPort = host.hasPrefix("[") ? !host.hasSuffix("]") : host.contains(":")
        guard let address = EndpointAddress(parsing: hasPort ? String(host) : "\(host):6379") else { return nil }
        if case .unix = address { return nil }
        self.init(address, isSecure: scheme == "rediss://", user: user, database: database)
    }

    private init?(_ address: EndpointAddress, isSecure: Bool, user: Substring?, database: Int?) {
        self.address = address
        self.isSecure = isSecure
        self.database = database
        guard let user else {
            username = nil
            password = nil
            return
        }
        let colon = user.firstIndex(of: ":") ?? user.endIndex
        guard let name = RedisURL.decoded(user[..<colon]), let word = RedisURL.decoded(user[colon...].dropFirst()) else { return nil }
        username = name.isEmpty ? nil : name
        password = colon == user.endIndex ? nil : SecretText(word)
    }

    /// Nil: a percent sign that two hexadecimal digits do not follow, or no UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexValue), let low = rest.popFirst().flatMap(ASCII.hexValue) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    package static var shape: SettingShape {
        .text(
            name: "URL of a Redis server", pattern: "^(rediss?://.+|unix:/.+)$",
            examples: ["redis://127.0.0.1:6379", "rediss://gateway:${env:REDIS_PASSWORD}@redis.internal/0", "unix:/run/redis.sock"])
    }

    /// What stands there is never repeated: it may hold a password.
    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RedisURL? {
        if let text = node.text, let url = RedisURL(parsing: text) { return url }
        context.error(
            node, "expected the URL of a Redis server such as redis://127.0.0.1:6379, rediss://user:password@host/0 or unix:/path",
            remedy: "percent-encode `@`, `:`, `/` and `%` in user and password")
        return nil
    }

    package var encoded: JSONValue {
        var text = isSecure ? "rediss://" : "redis://"
        if case .unix = address { return .string(address.text) }
        if username != nil || password != nil { text += "\(username ?? "")\(password == nil ? "" : ":***")@" }
        return .string(text + address.text + (database.map { "/\($0)" } ?? ""))
    }
}
