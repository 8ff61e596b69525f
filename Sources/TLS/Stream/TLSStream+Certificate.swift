internal import COpenSSL
import Primitives

extension TLSStream {
    /// The certificate of the other side, once the handshake has found it good. A session that was gone on with has it too.
    func readCertificate() -> ClientCertificate? {
        guard isReady, let certificate = unsafe SSL_get0_peer_certificate(ssl), unsafe SSL_get_verify_result(ssl) == X509_V_OK else {
            return nil
        }
        return unsafe ClientCertificate(certificate)
    }
}
