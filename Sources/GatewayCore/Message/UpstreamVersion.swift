/// Which HTTP is spoken to an upstream.
package enum UpstreamVersion: Sendable, Equatable {
    case http1
    /// HTTP/2 from the first byte on: in plain text (RFC 9113 §3.3), or as TLS has agreed.
    case http2
}
