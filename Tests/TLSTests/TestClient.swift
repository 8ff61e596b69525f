import COpenSSL
import Primitives
import Reactor

@testable import TLS

/// The connecting side: it trusts everybody.
final class TestClient {
    let context: OpaquePointer

    init() throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw TLSError("no context") }
        self.context = context
    }

    deinit { SSL_CTX_free(context) }

    /// `version`: that one only. `session`: one to go on with.
    func stream(_ name: String = "a.test", version: Int32 = TLS1_3_VERSION, session: OpaquePointer? = nil) throws -> TLSStream {
        guard let ssl = SSL_new(context) else { throw TLSError("no stream") }
        SSL_set_connect_state(ssl)
        _ = SSL_ctrl(
            ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), UnsafeMutableRawPointer(mutating: (name as StaticName).pointer))
        _ = SSL_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
        _ = SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        if let session { SSL_set_session(ssl, session) }
        guard let stream = TLSStream(taking: ssl, owner: self) else { throw TLSError("no stream") }
        return stream
    }
}

typealias StaticName = String
extension String {
    /// Lives as long as the process: few tests, short names.
    var pointer: UnsafePointer<CChar> { UnsafePointer(strdup(self)) }
}

/// Two streams face to face, each with what the other has sent and it has not read.
final class Pair {
    let client: TLSStream
    let server: TLSStream
    var toClient = ByteBuffer()
    var toServer = ByteBuffer()
    /// What came through.
    let atClient = ByteBuffer()
    let atServer = ByteBuffer()

    init(_ client: TLSStream, _ server: TLSStream) {
        self.client = client
        self.server = server
    }

    /// Carries bytes until both sides are silent, `piece` at a time; answers how it ended for the client and the server.
    @discardableResult func settle(piece: Int = .max) -> (client: LayerProgress, server: LayerProgress) {
        var ends: (client: LayerProgress, server: LayerProgress) = (.going, .going)
        while !toClient.isEmpty || !toServer.isEmpty {
            carry(&toServer, piece) { ends.server = worse(ends.server, server.open($0, plain: atServer, sealed: toClient)) }
            carry(&toClient, piece) { ends.client = worse(ends.client, client.open($0, plain: atClient, sealed: toServer)) }
        }
        return ends
    }

    private func carry(_ pipe: inout ByteBuffer, _ piece: Int, _ open: (ByteView) -> Void) {
        let taken = pipe
        pipe = ByteBuffer()
        while !taken.isEmpty {
            let part = taken.view.prefix(piece)
            open(part)
            taken.consume(part.count)
        }
    }

    private func worse(_ before: LayerProgress, _ now: LayerProgress) -> LayerProgress { before == .going ? now : before }

    func shakeHands(piece: Int = .max) -> (client: LayerProgress, server: LayerProgress) {
        _ = client.begin(sealed: toServer)
        return settle(piece: piece)
    }
}
