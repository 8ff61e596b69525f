package import Schema

/// Whether a listener without TLS sends everybody to one that has it.
package enum HTTPSRedirect: Hashable, Sendable, SettingValue {
    case no
    /// Nil: to the port of the first listener with TLS, or 443.
    case to(port: Int?)

    package static var shape: SettingShape { .either([Bool.shape, HTTPSRedirectSettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> HTTPSRedirect? {
        if node.isMap { return HTTPSRedirectSettings.decode(node, in: context).map { .to(port: $0.port) } }
        return Bool.decode(node, in: context).map { $0 ? .to(port: nil) : .no }
    }

    package var encoded: JSONValue {
        switch self {
        case .no: .boolean(false)
        case .to(port: nil): .boolean(true)
        case .to(port: let port?): ["port": .integer(port)]
        }
    }
}

package struct HTTPSRedirectSettings: Settings {
    @Setting("Port that clients reach TLS by, where that is not the one of this gateway's listener.", 1...65_535)
    package var port: Int

    package init() {}
}

extension Configuration {
    /// Where the listener sends its clients; nil when it serves them itself.
    package func httpsPort(of listener: Listener) -> UInt16? {
        guard case .to(let port) = listener.redirectToHttps else { return nil }
        if let port { return UInt16(exactly: port) }
        for case .ip(_, let port) in listeners.filter({ $0.tls != nil }).map(\.address) where port > 0 { return port }
        return 443
    }
}
