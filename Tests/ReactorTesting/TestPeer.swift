import Glibc
import Primitives
package import Reactor

/// The other end of a connection, in the hands of a test. What it does is seen by the gateway in its next turn.
package final class TestPeer {
    let link: MemoryLink
    init(_ link: MemoryLink) { self.link = link }

    // MARK: Writing

    package func send(_ bytes: [UInt8]) { link.toGateway += bytes }
    package func send(_ text: String) { send(Array(text.utf8)) }

    /// FIN: sends no more, still reads.
    package func sendEnd() { link.hasPeerEnded = true }

    /// RST: what was sent before can still be read by the gateway, what it sends fails.
    package func reset() {
        link.resetByPeer = ECONNRESET
        link.isOutputBroken = true
        link.toPeer = []
    }

    /// Closes both directions: the gateway reads the end, and fails when it sends.
    package func close() {
        link.hasPeerEnded = true
        link.isOutputBroken = true
    }

    // MARK: Reading

    /// Takes up to `most` of the bytes that have come, which makes room for more.
    package func take(_ most: Int = .max) -> [UInt8] {
        let count = min(most, link.toPeer.count)
        defer { link.toPeer.removeFirst(count) }
        return Array(link.toPeer.prefix(count))
    }

    package func takeText(_ most: Int = .max) -> String { String(decoding: take(most), as: UTF8.self) }

    /// Bytes that wait to be read.
    package var waiting: Int { link.toPeer.count }

    /// How many bytes the gateway can send before this end reads.
    package var capacity: Int {
        get { link.capacity }
        set { link.capacity = newValue }
    }

    /// Calls of `send` that the gateway has made: system calls, in the real world.
    package var sends: Int { link.sends }

    /// The gateway has sent its FIN, and everything that it took is read.
    package var sawEnd: Bool { link.isOutputEnded && !link.wasReset && link.toPeer.isEmpty }
    package var sawReset: Bool { link.wasReset }
    /// The gateway has closed its socket, in whatever way.
    package var isClosed: Bool { link.isClosed }
    /// Bytes that the gateway has not read.
    package var unread: Int { link.toGateway.count }

    /// Where the gateway connected to; nil for a connection that it accepted.
    package var dialled: SocketAddress? { link.dialled }
    /// The gateway's end.
    package var connection: Connection? { link.connection }
}
