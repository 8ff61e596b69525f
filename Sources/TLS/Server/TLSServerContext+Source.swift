internal import COpenSSL
internal import Primitives

/// Handshakes whose certificate comes from a source.
extension TLSServerContext {
    /// The protocol of validations (RFC 8737 §6.2).
    static let validationProtocol: StaticString = "acme-tls/1"

    func installSource(in set: CertificateSet) {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sluice_on_client_hello(set.context, { ssl, alert, this in unsafe TLSServerContext.readHello(ssl, alert, this) }, this)
    }

    private static func readHello(_ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ this: UnsafeMutableRawPointer?) -> Int32 {
        guard let this = unsafe of(this), let source = this.source, let stream = unsafe TLSStream.of(ssl) else { return SSL_CLIENT_HELLO_SUCCESS }
        let name = unsafe serverName(ssl)
        // Who names no host gets the first certificate of the files, if there are any.
        if name.isEmpty, !this.sets[0].certificates.isEmpty { return SSL_CLIENT_HELLO_SUCCESS }
        let purpose: CertificatePurpose = unsafe wantsValidation(ssl) ? .validation : .service
        // What files have comes first.
        if purpose == .service, this.names.find(name) != nil { return SSL_CLIENT_HELLO_SUCCESS }
        switch source.lookUp(name, for: purpose) {
        case .certificate(let certificate):
            stream.ownCertificate = purpose
            if unsafe certificate.use(by: ssl) { return SSL_CLIENT_HELLO_SUCCESS }
        case .later where !stream.hasWaited:
            stream.suspend(for: name, purpose)
            return SSL_CLIENT_HELLO_RETRY
        case .later, .none:
            // There may be a certificate for everybody else.
            if !this.sets[0].certificates.isEmpty { return SSL_CLIENT_HELLO_SUCCESS }
        }
        unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
        return SSL_CLIENT_HELLO_ERROR
    }

    /// In lower case; empty when the client names none.
    private static func serverName(_ ssl: OpaquePointer?) -> String {
        guard let content = unsafe helloExtension(ssl, 0), let name = ClientHello.serverName(content) else { return "" }
        return name.string.lowercased()
    }

    /// Authorities offer nothing else.
    private static func wantsValidation(_ ssl: OpaquePointer?) -> Bool {
        guard let content = unsafe helloExtension(ssl, 16), let list = ClientHello.protocols(content) else { return false }
        return list.count == validationProtocol.utf8CodeUnitCount + 1 && list.dropFirst(1) == ByteView(validationProtocol)
    }

    private static func helloExtension(_ ssl: OpaquePointer?, _ type: UInt32) -> ByteView? {
        var start: UnsafePointer<UInt8>?
        var count = 0
        guard unsafe SSL_client_hello_get0_ext(ssl, type, &start, &count) == 1 else { return nil }
        return unsafe ByteView(start, count: count)
    }
}

extension Certificate {
    /// Makes it the certificate of one connection.
    fileprivate func use(by ssl: OpaquePointer?) -> Bool {
        unsafe chain.withUnsafeBufferPointer { issuers in
            unsafe sluice_use_certificate(
                ssl, leaf, key, UnsafeRawPointer(issuers.baseAddress)?.assumingMemoryBound(to: OpaquePointer?.self), issuers.count) == 1
        }
    }
}
