internal import COpenSSL

/// The certificates for the same names, one of each kind of key, in an `SSL_CTX`.
@safe
final class CertificateSet: @unchecked Sendable {
    let context: OpaquePointer
    let certificates: [Certificate]

    init(_ certificates: [Certificate], _ settings: TLSServerSettings) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw TLSError("no memory for a TLS context") }
        unsafe self.context = unsafe context
        self.certificates = certificates
        ErrorQueue.clear()
        try configure(settings)
        for certificate in certificates { try add(certificate) }
        try verifyClients(settings.clients)
    }

    deinit { unsafe SSL_CTX_free(context) }

    private func configure(_ settings: TLSServerSettings) throws(TLSError) {
        unsafe sluice_harden(context)
        unsafe sluice_release_buffers(context)
        unsafe sluice_choose_ciphers(context)
        // Sessions live in tickets, which any loop can open.
        unsafe sluice_no_session_cache(context)
        // OpenSSL would send two, which costs a handshake more than it gains: the one may be used again, as there is no early data.
        unsafe SSL_CTX_set_num_tickets(context, 1)
        let minimum = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        guard unsafe sluice_set_minimum_version(context, minimum) == 1,
            unsafe sluice_set_groups(context, TLSServerSettings.groups) == 1,
            unsafe SSL_CTX_set_ciphersuites(context, TLSServerSettings.suites) == 1
        else { throw TLSError("TLS can't be set up: \(ErrorQueue.take().text)") }
        guard unsafe SSL_CTX_set_cipher_list(context, settings.ciphers) == 1 else {
            ErrorQueue.clear()
            throw TLSError("no known cipher suite in \"\(settings.ciphers)\"", remedy: "`openssl ciphers -v` lists them")
        }
        // A session may only be gone on with where it began (SSL_CTX_set_session_id_context(3)).
        let name = Array("sluice".utf8)
        unsafe SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
    }

    private func add(_ certificate: Certificate) throws(TLSError) {
        let isTaken =
            unsafe SSL_CTX_use_certificate(context, certificate.leaf) == 1 && SSL_CTX_use_PrivateKey(context, certificate.key) == 1
        guard isTaken else { throw TLSError("a certificate can't be used: \(ErrorQueue.take().text)") }
        for i in unsafe certificate.chain.indices {
            let issuer = unsafe certificate.chain[i]
            unsafe X509_up_ref(issuer)
            guard unsafe sluice_add_chain_certificate(context, issuer) == 1 else {
                unsafe X509_free(issuer)
                throw TLSError("a chain can't be used: \(ErrorQueue.take().text)")
            }
        }
    }

    private func verifyClients(_ clients: TLSServerSettings.ClientCertificates) throws(TLSError) {
        let authorities: String, revocations: String?, mode: Int32
        switch clients {
        case .none: return
        case .optional(let file, let list): (authorities, revocations, mode) = (file, list, SSL_VERIFY_PEER)
        case .required(let file, let list):
            (authorities, revocations, mode) = (file, list, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
        }
        unsafe SSL_CTX_set_verify(context, mode, nil)
        _ = try PEMFile(authorities)
        guard unsafe SSL_CTX_load_verify_file(context, authorities) == 1, let names = unsafe SSL_load_client_CA_file(authorities) else {
            ErrorQueue.clear()
            throw TLSError("\(authorities) has no certificate authority", remedy: "it must be PEM")
        }
        unsafe SSL_CTX_set_client_CA_list(context, names)
        guard let revocations else { return }
        _ = try PEMFile(revocations)
        let store = unsafe SSL_CTX_get_cert_store(context)
        guard let lookup = unsafe X509_STORE_add_lookup(store, X509_LOOKUP_file()),
            unsafe X509_load_crl_file(lookup, revocations, X509_FILETYPE_PEM) > 0
        else {
            ErrorQueue.clear()
            throw TLSError("\(revocations) has no list of revoked certificates", remedy: "it must be PEM (`-----BEGIN X509 CRL-----`)")
        }
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK))
    }
}
