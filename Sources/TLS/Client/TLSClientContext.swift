internal import COpenSSL

/// What all connections to one upstream have in common: authorities to trust, a certificate to show, versions,
/// protocols. Files are read when it is made; a new one is made when they have changed.
@safe
package final class TLSClientContext: Sendable {
    package let settings: TLSClientSettings
    /// An `SSL_CTX`, which libssl lets all threads make connections of once it is set up.
    private nonisolated(unsafe) let context: OpaquePointer

    package init(_ settings: TLSClientSettings) throws(TLSError) {
        self.settings = settings
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw TLSError("there is no memory for TLS") }
        unsafe self.context = context
        // From here on `deinit` frees the context, whatever is thrown.
        try setVersion()
        try setAuthorities()
        try setCertificate()
        try setProtocols()
        unsafe SSL_CTX_set_verify(context, settings.verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        if settings.verifies {
            unsafe SSL_CTX_set_cert_verify_callback(context, { store, _ in unsafe TLSPeer.of(store: store)?.verify(store) ?? 0 }, nil)
        }
        unsafe sluice_harden(context)
        unsafe sluice_release_buffers(context)
        unsafe sluice_hand_out_sessions(context)
        unsafe SSL_CTX_sess_set_new_cb(context) { ssl, session in unsafe TLSPeer.of(ssl)?.keep(session) ?? 0 }
    }

    deinit { unsafe SSL_CTX_free(context) }

    private func setVersion() throws(TLSError) {
        let version = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        guard unsafe sluice_set_minimum_version(context, version) == 1 else {
            throw TLSError("this libssl does not have that version")
        }
    }

    private func setAuthorities() throws(TLSError) {
        guard settings.verifies else { return }
        guard let file = settings.authorities else {
            guard let store = unsafe SystemAuthorities.shared.store else { throw TLSError("there is no memory for TLS") }
            return unsafe SSL_CTX_set1_cert_store(context, store)
        }
        guard unsafe SSL_CTX_load_verify_file(context, file) == 1 else {
            throw TLSError("\(file) has no certificates that can be read: \(ErrorQueue.take().text)")
        }
        // What is named here is trusted, whether it has signed itself or not.
        unsafe X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private func setCertificate() throws(TLSError) {
        guard let certificate = settings.certificate, let key = settings.key else { return }
        // Without this, a key with a password would be asked for on the terminal.
        unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw TLSError("\(certificate) has no certificate that can be read: \(ErrorQueue.take().text)")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            let reason = ErrorQueue.take().text
            throw TLSError(
                reason.contains("mismatch")
                    ? "the key is not the certificate's" : "\(key) has no key without a password that can be read: \(reason)")
        }
        guard unsafe SSL_CTX_check_private_key(context) == 1 else {
            _ = ErrorQueue.take().text
            throw TLSError("the key is not the certificate's")
        }
    }

    private func setProtocols() throws(TLSError) {
        guard !settings.protocols.isEmpty else { return }
        let list = ApplicationProtocol.wire(settings.protocols)
        // Zero for success, unlike all others.
        guard unsafe SSL_CTX_set_alpn_protos(context, list, UInt32(clamping: list.count)) == 0 else {
            throw TLSError("protocols can't be offered: \(ErrorQueue.take().text)")
        }
    }

    /// A stream for a connection that is to be made, and who has to be at its other end. `sessions` are those with the
    /// same endpoint. Nil when memory is short.
    func stream(to host: TLSHost, sessions: TLSSessions?) -> (TLSStream, TLSPeer)? {
        guard let ssl = unsafe SSL_new(context) else { return nil }
        let peer = TLSPeer(settings.identity(of: host), sessions: sessions)
        // From here on the stream frees what was made.
        guard let stream = unsafe TLSStream(taking: ssl, owner: peer), unsafe peer.attach(to: ssl) else { return nil }
        if let name = settings.nameToAskFor(of: host) { unsafe _ = sluice_set_server_name(ssl, name) }
        unsafe sessions?.offer(by: ssl)
        unsafe SSL_set_connect_state(ssl)
        return (stream, peer)
    }
}

extension TLSClientContext: Equatable {
    package static func == (a: TLSClientContext, b: TLSClientContext) -> Bool { a === b }
}
