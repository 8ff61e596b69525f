private import COpenSSL

extension AsymmetricKey {
    /// Reads the first key of a PEM text: a private key (PKCS #8, or the older forms of RSA and EC), a public key, or that of a
    /// certificate. One that is protected with a password is refused.
    convenience init(pem text: String) throws(KeyError) {
        guard text.contains("-----BEGIN ") else {
            throw KeyError("this is no PEM: it must hold a line such as `-----BEGIN PUBLIC KEY-----`")
        }
        guard !text.contains("ENCRYPTED") else { throw KeyError("the PEM is protected with a password: store it without, or as a secret") }
        var pointer: OpaquePointer?
        if text.contains("PRIVATE KEY-----") {
            unsafe pointer = AsymmetricKey.read(text) { unsafe PEM_read_bio_PrivateKey($0, nil, noPassword, nil) }
        } else if text.contains("-----BEGIN CERTIFICATE-----") {
            unsafe pointer = AsymmetricKey.read(text) { bio in
                guard let certificate = unsafe PEM_read_bio_X509(bio, nil, noPassword, nil) else { return nil }
                defer { unsafe X509_free(certificate) }
                return unsafe X509_get_pubkey(certificate)
            }
        } else {
            unsafe pointer = AsymmetricKey.read(text) { unsafe PEM_read_bio_PUBKEY($0, nil, noPassword, nil) }
        }
        ERR_clear_error()
        guard let pointer = unsafe pointer else { throw KeyError("the PEM holds no key that libcrypto can read") }
        unsafe self.init(owning: pointer)
    }

    /// The private key as PKCS #8.
    func privatePEM() throws(KeyError) -> String {
        try unsafe AsymmetricKey.write { unsafe PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }

    /// The public key (`SubjectPublicKeyInfo`).
    func publicPEM() throws(KeyError) -> String {
        try unsafe AsymmetricKey.write { unsafe PEM_write_bio_PUBKEY($0, pointer) }
    }

    private static func read(_ text: String, _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { unsafe BIO_free(bio) }
            return unsafe body(bio)
        }
    }

    private static func write(_ body: (OpaquePointer) -> Int32) throws(KeyError) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw KeyError("there is no memory left") }
        defer { unsafe BIO_free(bio) }
        guard unsafe body(bio) == 1 else { throw KeyError("libcrypto could not write the key as PEM") }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe Int(BIO_read(bio, &piece, Int32(clamping: piece.count)))
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += piece.prefix(count)
        }
    }
}

/// Instead of asking on the terminal.
private let noPassword: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in -1 }
