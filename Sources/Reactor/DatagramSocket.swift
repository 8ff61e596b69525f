private import CLinux
private import Glibc
package import Primitives

/// A UDP socket of one event loop: whole datagrams come and go, or get lost.
package final class DatagramSocket {
    package let handle: Int32
    package let address: SocketAddress
    package var slot = -1
    /// Called on the loop with each datagram; the view is valid until it returns.
    package let received: (ByteView) -> Void
    private unowned let loop: EventLoop

    /// Binds the address, and begins to receive. To be called on the loop.
    package init(on address: SocketAddress, loop: EventLoop, received: @escaping (ByteView) -> Void) throws(SystemError) {
        handle = try Socket.bindDatagrams(on: address)
        self.address = Socket.localAddress(handle) ?? address
        self.loop = loop
        self.received = received
        do throws(SystemError) {
            try loop.backend.add(self)
        } catch {
            Socket.close(handle)
            throw error
        }
    }

    /// False: the kernel has not taken it. One that it has taken may get lost as well.
    @discardableResult
    package func send(_ bytes: ByteView, to address: SocketAddress) -> Bool {
        guard slot >= 0 else { return false }
        let count = unsafe address.withRaw { raw, length in
            unsafe sendto(handle, bytes.buffer.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), raw, length)
        }
        return count == bytes.count
    }

    package func close() { loop.backend.remove(self) }
}

extension Socket {
    /// A UDP socket that is bound to an address.
    static func bindDatagrams(on address: SocketAddress) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let handle = socket(address.family, type, 0)
        guard handle >= 0 else { throw SystemError("socket") }
        let bound = unsafe address.withRaw { unsafe Glibc.bind(handle, $0, $1) }
        guard bound == 0 else {
            let error = SystemError("bind \(address)")
            close(handle)
            throw error
        }
        return handle
    }
}

extension Backend {
    package func add(_ socket: DatagramSocket) throws(SystemError) { throw SystemError("datagrams", code: EOPNOTSUPP) }
    package func remove(_ socket: DatagramSocket) {}
}
