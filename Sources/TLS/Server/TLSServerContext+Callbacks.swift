internal import COpenSSL
internal import Primitives

/// What OpenSSL asks during a handshake.
extension TLSServerContext {
    func install(in set: CertificateSet) {
        let context = unsafe set.context
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sluice_on_server_name(context, { ssl, _, this in unsafe TLSServerContext.chooseCertificates(ssl, this) }, this)
        unsafe SSL_CTX_set_alpn_select_cb(
            context,
            { ssl, chosen, length, offered, count, this in unsafe TLSServerContext.chooseProtocol(ssl, chosen, length, offered, count, this) }, this
        )
        unsafe sluice_on_status_request(context, { ssl, this in unsafe TLSServerContext.staple(ssl, this) }, this)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, authentication, seals in
            guard let context = unsafe TLSServerContext.of(SSL_get_ex_data(ssl, 0)), let name = unsafe name, let vector = unsafe vector,
                let cipher = unsafe cipher, let authentication = unsafe authentication
            else { return -1 }
            return unsafe seals == 1
                ? context.tickets.seal(name, vector, cipher, authentication) : context.tickets.open(name, vector, cipher, authentication)
        }
    }

    /// Streams keep their context, so it is there while OpenSSL calls.
    static func of(_ pointer: UnsafeMutableRawPointer?) -> TLSServerContext? {
        unsafe pointer.map { unsafe Unmanaged<TLSServerContext>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func chooseCertificates(_ ssl: OpaquePointer?, _ this: UnsafeMutableRawPointer?) -> Int32 {
        guard let this = unsafe of(this), let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return SSL_TLSEXT_ERR_NOACK
        }
        if unsafe TLSStream.of(ssl)?.ownCertificate != nil { return SSL_TLSEXT_ERR_OK }
        let index = this.names.index(of: unsafe String(cString: name))
        if index > 0 { unsafe SSL_set_SSL_CTX(ssl, this.sets[index].context) }
        return SSL_TLSEXT_ERR_OK
    }

    private static func chooseProtocol(
        _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ length: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?,
        _ count: UInt32, _ this: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let this = unsafe of(this), let chosen = unsafe chosen, let length = unsafe length, let offered = unsafe offered else {
            return SSL_TLSEXT_ERR_NOACK
        }
        // The client's list outlives the call; the server's order decides.
        let list = unsafe ByteView(offered, count: Int(count))
        if unsafe TLSStream.of(ssl)?.isValidation == true, count > 1 {
            // The one protocol that the client has offered.
            unsafe chosen.pointee = offered + 1
            unsafe length.pointee = unsafe offered[0]
            return SSL_TLSEXT_ERR_OK
        }
        var own = 0
        while own < this.protocols.count {
            let size = Int(this.protocols[own])
            let wanted = this.protocols[own...].prefix(size + 1)
            own += size + 1
            var at = 0
            while at < list.count {
                let end = at + 1 + Int(list[at])
                guard end <= list.count else { break }
                if end - at == wanted.count, list[at..<end].array.elementsEqual(wanted) {
                    unsafe chosen.pointee = offered + at + 1
                    unsafe length.pointee = UInt8(truncatingIfNeeded: size)
                    return SSL_TLSEXT_ERR_OK
                }
                at = end
            }
        }
        // Nothing in common: RFC 7301 §3.2.
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    private static func staple(_ ssl: OpaquePointer?, _ this: UnsafeMutableRawPointer?) -> Int32 {
        guard let this = unsafe of(this), let leaf = unsafe SSL_get_certificate(ssl) else { return SSL_TLSEXT_ERR_NOACK }
        for set in this.sets {
            for certificate in set.certificates where unsafe certificate.leaf == leaf {
                guard let status = certificate.status else { return SSL_TLSEXT_ERR_NOACK }
                return unsafe sluice_staple(ssl, status, status.count) == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
            }
        }
        return SSL_TLSEXT_ERR_NOACK
    }
}
