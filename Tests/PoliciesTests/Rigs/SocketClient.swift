import Glibc
import Reactor
import ReactorTesting

/// A client on a real socket: one connection, one request.
struct SocketClient {
    private let socket: RawSocket

    init(_ address: SocketAddress) throws {
        guard let socket = RawSocket.connect(to: address) else { throw RigError("nothing listens on \(address)") }
        self.socket = socket
    }

    /// Sends `bytes` and reads what comes back meanwhile, since a gateway may answer before it has read everything.
    func exchange(_ bytes: [UInt8], toHead: Bool) throws -> Outcome {
        var reader = WireReader(.response(toHead: toHead))
        var unsent = bytes[...]
        while true {
            var event = pollfd(fd: socket.handle, events: Int16(unsent.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0)
            guard poll(&event, 1, 10_000) == 1 else { throw RigError("no answer came, but `\(reader.rest)`") }
            if event.revents & Int16(POLLOUT) != 0, !unsent.isEmpty { unsent = send(unsent) }
            guard event.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { continue }
            let hasEnded = receive(into: &reader)
            if let response = try reader.next() {
                return Outcome(response: response, isClosed: hasEnded || isClosed(behind: response))
            }
            if hasEnded { throw RigError("the connection was closed without an answer, but with `\(reader.rest)`") }
        }
    }

    /// What is left to send: nothing when the other end reads no more.
    private func send(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let count = bytes.withUnsafeBytes { Glibc.send(socket.handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) }
        if count >= 0 { return bytes.dropFirst(count) }
        return errno == EAGAIN || errno == EINTR ? bytes : []
    }

    /// True: the connection has ended, in whatever way.
    private func receive(into reader: inout WireReader) -> Bool {
        if let bytes = socket.receive(), !bytes.isEmpty {
            reader.append(bytes)
            return false
        }
        reader.end()
        return true
    }

    /// An answer that says so is the last: then the end must come, too.
    private func isClosed(behind response: WireMessage) -> Bool {
        if response.lists("connection", "close") { return socket.receive()?.isEmpty ?? true }
        var byte: UInt8 = 0
        return recv(socket.handle, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }
}
