internal import COpenSSL
import Glibc
import Primitives
import Reactor

/// A handshake that waits for its certificate.
extension TLSStream {
    struct Suspension {
        var isWaiting = false
        var hasWaited = false
        /// What has come meanwhile.
        var unread: [UInt8] = []
        /// What is waited for, until the owner has been told.
        var wanted: (name: String, purpose: CertificatePurpose)?
    }

    /// Most bytes that a client may send before it is answered.
    private static let mostUnread = 16 << 10

    /// Where libssl keeps the address of this object; below zero when it can't.
    private static let index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    /// The callbacks of `ssl` find this object, which outlives it.
    func attach() -> Bool {
        guard TLSStream.index >= 0 else { return false }
        return unsafe SSL_set_ex_data(ssl, TLSStream.index, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    static func of(_ ssl: OpaquePointer?) -> TLSStream? {
        guard index >= 0, let ssl = unsafe ssl, let raw = unsafe SSL_get_ex_data(ssl, index) else { return nil }
        return unsafe Unmanaged<TLSStream>.fromOpaque(raw).takeUnretainedValue()
    }

    var hasWaited: Bool { suspension.hasWaited }

    /// Called within libssl's call: the owner is told when that is over.
    func suspend(for name: String, _ purpose: CertificatePurpose) { suspension.wanted = (name, purpose) }

    /// Whether the connection was made to look at the certificate, and carries nothing.
    package var isValidation: Bool { ownCertificate == .validation }

    /// Looking again has a result: the owner of the connection goes on with the handshake.
    package func resume() {
        suspension.isWaiting = false
        suspension.hasWaited = true
    }

    /// After libssl has been called: tells what is waited for, and keeps what it has not read.
    func noteSuspension(unread: ByteView) {
        guard let wanted = suspension.wanted else { return }
        suspension.wanted = nil
        suspension.isWaiting = true
        suspension.unread = unread.array
        awaitsCertificate?(wanted.name, wanted.purpose)
    }

    /// Nil: the handshake does not wait.
    func keepUnread(_ bytes: ByteView) -> LayerProgress? {
        guard suspension.isWaiting else { return nil }
        guard suspension.unread.count + bytes.count <= TLSStream.mostUnread else {
            return .failed(SystemError("TLS: too much before the certificate", code: EPROTO))
        }
        suspension.unread += bytes.array
        return .going
    }
}
