package import Primitives

/// What lies between the bytes on a socket and those that the connection's owner means: TLS.
///
/// A layer only turns bytes into bytes. It knows neither sockets nor handlers, and calls nobody, so nothing that a
/// handler does while bytes are delivered can come in its way. Both buffers belong to the event loop and are empty when
/// a call begins, `sealed` except for what waits in front.
package protocol ConnectionLayer: AnyObject {
    /// The handshake is done: bytes can be sealed.
    var isReady: Bool { get }

    /// The socket of a connecting side is open: its first flight.
    func begin(sealed: ByteBuffer) -> LayerProgress

    /// Takes bytes of the peer: adds to `plain` what they mean, and to `sealed` what the peer has to be answered.
    func open(_ bytes: ByteView, plain: ByteBuffer, sealed: ByteBuffer) -> LayerProgress

    /// Adds to `sealed` what both views are on the socket, in order. False: the layer is broken, nothing can be sent.
    func seal(_ first: ByteView, _ second: ByteView, sealed: ByteBuffer) -> Bool

    /// Adds to `sealed` what tells the peer that nothing follows. Called at most once.
    func end(sealed: ByteBuffer)
}

package enum LayerProgress: Equatable, Sendable {
    case going
    /// The peer has said that nothing follows.
    case ended
    /// Nothing that follows can be trusted. What was added to `sealed` tells the peer why, and is still sent.
    case failed(SystemError)
}

/// What waits for the end of a handshake.
final class HandshakeStore {
    /// What the peer has sent: opened at the end of the turn.
    var input: ByteBuffer?
    /// What was sent too early.
    var output: ByteBuffer?
}
