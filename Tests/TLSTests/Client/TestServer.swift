import COpenSSL
import Glibc
import Primitives
import Reactor
import TLS

/// The accepting side of a connection in memory, straight on OpenSSL, with a certificate of `Cases/certificates`.
final class TestServer {
    private let context: OpaquePointer?
    private let ssl: OpaquePointer?
    private let input = BIO_new(BIO_s_mem())
    private let output = BIO_new(BIO_s_mem())

    static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Cases/certificates/"

    init(certificate: String, key: String = "leaf", asksFor authorities: String? = nil, version: Int32? = nil) {
        context = SSL_CTX_new(TLS_server_method())
        SSL_CTX_use_certificate_file(context, "\(TestServer.folder)\(certificate).crt", SSL_FILETYPE_PEM)
        SSL_CTX_use_PrivateKey_file(context, "\(TestServer.folder)\(key).key", SSL_FILETYPE_PEM)
        if let authorities {
            SSL_CTX_load_verify_file(context, "\(TestServer.folder)\(authorities).crt")
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, length, offered, count, _ in
                // The first that is offered.
                guard let offered, count > 1 else { return SSL_TLSEXT_ERR_NOACK }
                length?.pointee = offered[0]
                chosen?.pointee = offered + 1
                return SSL_TLSEXT_ERR_OK
            }, nil)
        ssl = SSL_new(context)
        SSL_set_bio(ssl, input, output)
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    /// Shakes hands with `client`.
    func shakeHands(with client: TLSStream) -> HandshakeEnd {
        let sealed = ByteBuffer(), plain = ByteBuffer()
        var progress = client.begin(sealed: sealed)
        for _ in 0..<10 {
            if case .failed = progress { return .failed }
            let bytes = sealed.view.array
            sealed.clear()
            _ = BIO_write(input, bytes, Int32(bytes.count))
            ERR_clear_error()
            let code = SSL_do_handshake(ssl)
            var answer = [UInt8](repeating: 0, count: 65536)
            let count = BIO_read(output, &answer, Int32(answer.count))
            guard count > 0 else { return client.isReady && code == 1 ? .done : .failed }
            progress = answer[..<Int(count)].withUnsafeBytes { client.open(ByteView($0), plain: plain, sealed: sealed) }
        }
        return .failed
    }

    enum HandshakeEnd { case done, failed }

    /// The name that the client has asked for.
    var name: String? { SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) } }
}
