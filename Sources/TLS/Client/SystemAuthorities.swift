internal import COpenSSL
private import Glibc

/// The authorities that this machine trusts, read once: there are more than a hundred.
@safe
final class SystemAuthorities: Sendable {
    static let shared = SystemAuthorities()

    private let address: UInt
    /// Where they were found; nil when there are none.
    let origin: String?

    /// Where distributions keep them: Debian and Alpine, Fedora, SUSE.
    static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    private init() {
        let store = unsafe X509_STORE_new()
        address = UInt(bitPattern: store)
        let named = unsafe getenv("SSL_CERT_FILE").map { unsafe String(cString: $0) }
        let candidates = named.map { [$0] } ?? SystemAuthorities.files
        origin = candidates.first { unsafe access($0, R_OK) == 0 && X509_STORE_load_file(store, $0) == 1 }
        // OpenSSL's own folder, or that of SSL_CERT_DIR, whose files are looked up by a hash of the name.
        if origin == nil { unsafe _ = X509_STORE_set_default_paths(store) }
        ERR_clear_error()
    }

    /// Lends the store, which counts its users itself.
    var store: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }
}
