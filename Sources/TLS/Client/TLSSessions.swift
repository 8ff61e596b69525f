internal import COpenSSL

/// Sessions with one endpoint that can be gone on with, so that the next handshake is a short one (RFC 8446 §2.2).
/// One for each event loop and endpoint.
@safe
package final class TLSSessions {
    /// The latest last.
    private var sessions: [OpaquePointer] = unsafe []
    static let most = 4

    package init() {}

    deinit { while let session = unsafe sessions.popLast() { unsafe SSL_SESSION_free(session) } }

    package var count: Int { unsafe sessions.count }

    /// Keeps a session, whose ownership goes over.
    func append(_ session: OpaquePointer) {
        unsafe sessions.append(session)
        if count > TLSSessions.most { unsafe SSL_SESSION_free(sessions.removeFirst()) }
    }

    /// Offers the latest session to the server of `ssl`. One of TLS 1.3 is used once, so that nobody who listens can
    /// tell who returns (RFC 8446 §C.4), and the server gives others; one of TLS 1.2 serves until there is another.
    func offer(by ssl: OpaquePointer) {
        while let session = unsafe sessions.popLast() {
            guard unsafe SSL_SESSION_is_resumable(session) == 1, unsafe SSL_set_session(ssl, session) == 1 else {
                unsafe SSL_SESSION_free(session)
                continue
            }
            if unsafe SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION {
                unsafe SSL_SESSION_free(session)
            } else {
                unsafe sessions.append(session)
            }
            return
        }
    }
}
