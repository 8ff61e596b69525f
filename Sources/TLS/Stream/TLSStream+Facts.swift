internal import COpenSSL

/// What the handshake has settled.
extension TLSStream {
    /// The protocol that both sides speak inside (RFC 7301). Nil: the client offered none.
    package var applicationProtocol: ApplicationProtocol? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name = unsafe name, length > 0 else { return nil }
        let text = unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
        return ApplicationProtocol(rawValue: text)
    }

    package var version: TLSVersion { unsafe SSL_version(ssl) >= TLS1_3_VERSION ? .tls13 : .tls12 }

    /// An earlier session was gone on with: no certificate was sent.
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The name that the client asked for (RFC 6066 §3).
    package var serverName: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }
}

/// Names of protocols in the handshake, as IANA lists them.
package enum ApplicationProtocol: String, Sendable {
    case http1 = "http/1.1"
    case http2 = "h2"

    /// The list as the handshake carries it: each name behind its length.
    package static func wire(_ protocols: [ApplicationProtocol]) -> [UInt8] {
        protocols.flatMap { [UInt8(truncatingIfNeeded: $0.rawValue.utf8.count)] + Array($0.rawValue.utf8) }
    }
}
