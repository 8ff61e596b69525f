internal import COpenSSL
import Glibc
package import Primitives
package import Reactor

/// TLS on one connection, either side.
///
/// Nothing is buffered here: OpenSSL reads from what has just come and writes behind what is about to be sent. Between
/// two calls a quiet stream holds no record buffers.
@safe
package final class TLSStream: ConnectionLayer {
    /// OpenSSL's object; freed with the stream.
    let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<TLSWire>
    /// What the callbacks of `ssl` use, kept as long as it can call them.
    private let owner: AnyObject
    /// What whoever speaks plain HTTP to a server is told.
    var answerToPlainHTTP: StaticString?
    package private(set) var isReady = false
    /// Told when the handshake waits for a certificate; goes on after `resume`.
    package var awaitsCertificate: ((String, CertificatePurpose) -> Void)?
    /// Set when the certificate came from a source.
    var ownCertificate: CertificatePurpose?
    var suspension = Suspension()
    /// Why the stream is of no use any more, in OpenSSL's words.
    package private(set) var failure: String?

    /// Takes over `ssl`, which knows its side and has no socket yet. Nil when memory is short.
    init?(taking ssl: OpaquePointer, owner: AnyObject) {
        unsafe self.ssl = unsafe ssl
        self.owner = owner
        unsafe wire = .allocate(capacity: 1)
        unsafe wire.initialize(to: TLSWire())
        // From here on everything is set, and `deinit` releases it.
        guard let socket = unsafe TLSWire.socket(on: wire) else { return nil }
        unsafe SSL_set_bio(ssl, socket, socket)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe wire.deinitialize(count: 1)
        unsafe wire.deallocate()
    }

    // MARK: The layer

    package func begin(sealed: ByteBuffer) -> LayerProgress {
        unsafe wire.pointee.output = sealed
        defer { unsafe wire.pointee.output = nil }
        return shakeHands(sealed) ?? .going
    }

    package func open(_ bytes: ByteView, plain: ByteBuffer, sealed: ByteBuffer) -> LayerProgress {
        if let progress = keepUnread(bytes) { return progress }
        guard !suspension.unread.isEmpty else { return openNow(bytes, plain: plain, sealed: sealed) }
        let all = suspension.unread + bytes.array
        suspension.unread = []
        return all.withView { openNow($0, plain: plain, sealed: sealed) }
    }

    private func openNow(_ bytes: ByteView, plain: ByteBuffer, sealed: ByteBuffer) -> LayerProgress {
        unsafe wire.pointee.input = bytes
        unsafe wire.pointee.output = sealed
        defer {
            unsafe wire.pointee.input = ByteView()
            unsafe wire.pointee.output = nil
        }
        if !isReady, let end = shakeHands(sealed) { return end }
        guard isReady else {
            unsafe noteSuspension(unread: wire.pointee.input)
            return .going
        }
        return read(plain)
    }

    package func seal(_ first: ByteView, _ second: ByteView, sealed: ByteBuffer) -> Bool {
        guard failure == nil else { return false }
        unsafe wire.pointee.output = sealed
        defer { unsafe wire.pointee.output = nil }
        return write(first) && write(second)
    }

    package func end(sealed: ByteBuffer) {
        guard isReady, failure == nil else { return }
        unsafe wire.pointee.output = sealed
        defer { unsafe wire.pointee.output = nil }
        ErrorQueue.clear()
        _ = unsafe SSL_shutdown(ssl)
    }

    // MARK: Calling OpenSSL

    /// Nil: go on, or the handshake is done.
    private func shakeHands(_ sealed: ByteBuffer) -> LayerProgress? {
        ErrorQueue.clear()
        let code = unsafe SSL_do_handshake(ssl)
        guard code != 1 else {
            isReady = true
            return nil
        }
        let progress = progress(code)
        // OpenSSL sends no alert to somebody who does not speak TLS.
        if case .failed = progress, let answer = answerToPlainHTTP, spokePlainHTTP { sealed.append(answer) }
        return progress == .going ? nil : progress
    }

    /// Opens every record that has come.
    private func read(_ plain: ByteBuffer) -> LayerProgress {
        while true {
            ErrorQueue.clear()
            var code: Int32 = 0
            unsafe plain.appendUninitialized(TLSStream.record) { room in
                code = unsafe SSL_read(ssl, room.baseAddress, Int32(clamping: room.count))
                return Int(code)
            }
            guard code > 0 else { return progress(code) }
            // Asking once more only to hear that there is nothing costs as much as a small record.
            if unsafe wire.pointee.input.isEmpty, unsafe SSL_pending(ssl) == 0 { return .going }
        }
    }

    private func write(_ bytes: ByteView) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            ErrorQueue.clear()
            let code = unsafe SSL_write(ssl, rest.buffer.baseAddress, Int32(clamping: rest.count))
            guard code > 0 else {
                _ = progress(code)
                if failure == nil { failure = "write failed" }
                return false
            }
            rest = rest.dropFirst(Int(code))
        }
        return true
    }

    private func progress(_ code: Int32) -> LayerProgress {
        switch unsafe SSL_get_error(ssl, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_CLIENT_HELLO_CB: return .going
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            let (reason, text) = ErrorQueue.take()
            spokePlainHTTP = reason == SSL_R_HTTP_REQUEST
            let verdict = unsafe SSL_get_verify_result(ssl)
            if !isReady, verdict != X509_V_OK, let detail = unsafe X509_verify_cert_error_string(verdict) {
                failure = unsafe "\(text) (\(String(cString: detail)))"
            } else {
                failure = text
            }
            return .failed(SystemError("TLS: \(failure ?? text)", code: EPROTO))
        }
    }

    private var spokePlainHTTP = false
    private static let record = 16 << 10
}
