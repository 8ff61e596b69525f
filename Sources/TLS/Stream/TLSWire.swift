internal import COpenSSL
import Glibc
internal import Primitives

/// Both ends of a stream for the time of one call into OpenSSL: where it reads and where it writes.
struct TLSWire {
    unowned(unsafe) var output: ByteBuffer?
    var input = ByteView()

    /// A socket for OpenSSL that is none: it reads from and writes to the wire that its data points to.
    static func socket(on wire: UnsafeMutablePointer<TLSWire>) -> OpaquePointer? {
        guard let method = unsafe method, let socket = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(socket, wire)
        unsafe BIO_set_init(socket, 1)
        return unsafe socket
    }

    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "event loop") else { return nil }
        unsafe BIO_meth_set_read(method) { socket, buffer, length in
            unsafe sluice_clear_retry(socket)
            guard let wire = unsafe BIO_get_data(socket)?.assumingMemoryBound(to: TLSWire.self), let buffer = unsafe buffer else { return -1 }
            let count = unsafe min(Int(length), wire.pointee.input.count)
            guard count > 0, let from = unsafe wire.pointee.input.buffer.baseAddress else {
                unsafe sluice_retry_read(socket)
                return -1
            }
            unsafe memcpy(buffer, from, count)
            unsafe wire.pointee.input = wire.pointee.input.dropFirst(count)
            return Int32(truncatingIfNeeded: count)
        }
        unsafe BIO_meth_set_write(method) { socket, bytes, length in
            unsafe sluice_clear_retry(socket)
            guard let wire = unsafe BIO_get_data(socket)?.assumingMemoryBound(to: TLSWire.self), let bytes = unsafe bytes,
                let output = unsafe wire.pointee.output, length > 0
            else { return -1 }
            unsafe output.append(ByteView(UnsafeRawBufferPointer(start: bytes, count: Int(length))))
            return length
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return unsafe method
    }()
}
