import Primitives
import Schema

extension Linter {
    /// Protocols that may be switched to: an allow-list of tokens (RFC 9110 §7.8).
    mutating func checkUpgrade(_ setting: Setting<[String]?>, _ path: String) {
        for (i, name) in (setting.wrappedValue ?? []).enumerated() {
            let place = "\(path)[\(i)]"
            if name.isEmpty || !name.utf8.allSatisfy({ ASCII.isToken($0) || $0 == UInt8(ascii: "/") }) {
                error(setting.position, place, "`\(name)` can't be the name of a protocol", remedy: "such as `websocket`")
            } else if ["h2c", "h2"].contains(name.lowercased()) || name.lowercased().hasPrefix("http/") {
                error(
                    setting.position, place, "requests inside such a tunnel would pass by every policy",
                    remedy: "leave `\(name)` out; listeners and upstreams speak HTTP/2 themselves")
            }
        }
    }
}
