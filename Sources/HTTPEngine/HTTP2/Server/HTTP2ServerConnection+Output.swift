import CNghttp2
import GatewayCore
import Primitives
import Reactor

extension HTTP2ServerConnection {
    /// Frames up to this size are gathered before they are sent.
    private static let mostGathered = 128 << 10

    /// What the session has to say is sent when this turn has been delivered.
    func schedule() {
        guard !isScheduled, !isClosed else { return }
        isScheduled = true
        loop.atEndOfTurn { [self] in
            isScheduled = false
            pump()
            tellWritable()
        }
    }

    /// Sends as much as the session has and the socket takes.
    func pump() {
        guard !isPumping, !isClosed, let session = unsafe session else { return }
        isPumping = true
        let buffer = loop.takeBuffer()
        output = buffer
        var isDone = false
        while !isDone, !isClosed, !connection.isBackedUp {
            isDone = unsafe gather(session, buffer)
            if !buffer.isEmpty { connection.send(buffer.view) }
            buffer.clear()
        }
        output = nil
        loop.giveBack(buffer)
        isPumping = false
        guard !isClosed else { return }
        if connection.isBackedUp {
            if deadlines.output == .never { watchSlowClient() }
            return armTimer()
        }
        if unsafe nghttp2_session_want_read(session) == 0, unsafe nghttp2_session_want_write(session) == 0 {
            end(GatewayError(server.isDraining ? .draining : .clientClosed))
        }
    }

    /// True: the session has nothing more to say for now.
    private func gather(_ session: OpaquePointer, _ out: ByteBuffer) -> Bool {
        while out.count < HTTP2ServerConnection.mostGathered {
            var bytes: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &bytes)
            if count < 0 {
                shutDown(.internalError, reset: true)
                return true
            }
            if count == 0 { return true }
            unsafe out.append(ByteView(bytes, count: count))
        }
        return false
    }

    /// Streams with room again are told so when the session is not in the middle of something.
    func tellWritable() {
        var at = 0
        while at < writable.count {
            let stream = writable[at]
            stream.isListedWritable = false
            stream.exchange?.upstream?.downstreamWritable()
            at += 1
        }
        writable.removeAll(keepingCapacity: true)
    }
}
