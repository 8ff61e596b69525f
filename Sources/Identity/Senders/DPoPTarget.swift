import GatewayCore
package import Primitives

/// A URL as `htu` means it: without query and fragment, in normal form (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3).
package struct DPoPTarget: Equatable, Sendable {
    private let isSecure: Bool
    private let host: String
    private let port: UInt16
    private let path: [UInt8]

    /// Nil: no absolute `http` or `https` URL.
    package init?(_ text: String) {
        let whole = text.prefix { $0 != "#" }
        guard let url = try? CalloutURL(parsing: String(whole)) else { return nil }
        isSecure = url.isSecure
        host = url.host
        port = url.port
        let out = ByteBuffer(capacity: 256)
        let target = Array(url.target.utf8.prefix { $0 != UInt8(ascii: "?") })
        guard target.withView({ PathNormaliser.normalise($0, into: out) }) else { return nil }
        path = out.view.array
    }

    /// Of a request.
    ///
    /// - Parameters:
    ///   - authority: host, and port where it is not the scheme's.
    ///   - path: as it was sent or normalised.
    package init?(scheme: ByteView, authority: ByteView, path: ByteView) {
        self.init("\(scheme.string)://\(authority.string)\(path.string)")
    }
}
