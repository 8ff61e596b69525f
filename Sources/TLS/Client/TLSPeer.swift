internal import COpenSSL

/// The server at the other end of one connection: who is expected, and why it was refused.
@safe
package final class TLSPeer {
    package let identity: PeerIdentity
    private let sessions: TLSSessions?
    /// Why the server's certificate was refused: what was expected, and what came.
    package private(set) var refusal: String?

    /// Where libssl keeps the address of this object; below zero when it can't.
    private static let index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    init(_ identity: PeerIdentity, sessions: TLSSessions?) {
        self.identity = identity
        self.sessions = sessions
    }

    /// The callbacks of `ssl` find this object, which has to outlive it.
    func attach(to ssl: OpaquePointer) -> Bool {
        guard TLSPeer.index >= 0 else { return false }
        return unsafe SSL_set_ex_data(ssl, TLSPeer.index, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    // MARK: Called by libssl

    static func of(_ ssl: OpaquePointer?) -> TLSPeer? {
        guard index >= 0, let ssl = unsafe ssl, let raw = unsafe SSL_get_ex_data(ssl, index) else { return nil }
        return unsafe Unmanaged<TLSPeer>.fromOpaque(raw).takeUnretainedValue()
    }

    static func of(store: OpaquePointer?) -> TLSPeer? {
        guard let store = unsafe store, let raw = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()) else {
            return nil
        }
        return unsafe of(OpaquePointer(raw))
    }

    /// A session to go on with later: 1 when it is kept.
    func keep(_ session: OpaquePointer?) -> Int32 {
        guard let sessions, let session = unsafe session else { return 0 }
        unsafe sessions.append(session)
        return 1
    }

    /// Verifies the chain, and then whose certificate it is: 1 when all is well. The server's signature, which proves
    /// that it has the key, is libssl's to check.
    func verify(_ store: OpaquePointer?) -> Int32 {
        guard let store = unsafe store, let leaf = unsafe X509_STORE_CTX_get0_cert(store) else { return 0 }
        let facts = unsafe CertificateFacts(leaf)
        if unsafe X509_verify_cert(store) != 1 {
            let code = unsafe X509_STORE_CTX_get_error(store)
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(code)))
            refusal = "The upstream's certificate can't be trusted: \(reason); \(facts.summary)."
            return 0
        }
        guard let objection = identity.objection(to: facts) else { return 1 }
        refusal = "The upstream's certificate is somebody else's: \(objection), but \(facts.summary)."
        unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH)
        return 0
    }
}
