internal import COpenSSL

extension TLSStream {
    /// The handshake was begun: the socket was open.
    package var hasBegun: Bool { unsafe SSL_in_before(ssl) == 0 }
}
