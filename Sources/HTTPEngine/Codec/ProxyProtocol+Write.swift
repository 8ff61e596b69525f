package import Primitives
package import Reactor

extension ProxyProtocol {
    /// Appends a header of version 2. Without addresses of the internet on both sides it is LOCAL: the receiver takes the
    /// connection for the gateway's own.
    package static func write(from source: SocketAddress, to destination: SocketAddress?, into out: ByteBuffer) {
        for byte in signature { out.append(byte: byte) }
        guard case .ip(let from, let fromPort) = source, case .ip(let to, let toPort)? = destination else {
            for byte in [0x20, 0, 0, 0] as [UInt8] { out.append(byte: byte) }
            return
        }
        let isIPv4 = from.isIPv4 && to.isIPv4
        out.append(byte: 0x21)
        out.append(byte: isIPv4 ? 0x11 : 0x21)
        append(isIPv4 ? 12 : 36, 2, to: out)
        for address in [from, to] {
            if isIPv4 {
                append(UInt64(address.v4), 4, to: out)
            } else {
                append(address.high, 8, to: out)
                append(address.low, 8, to: out)
            }
        }
        append(UInt64(fromPort), 2, to: out)
        append(UInt64(toPort), 2, to: out)
    }

    /// `count` bytes of a number, the highest first.
    private static func append(_ number: UInt64, _ count: UInt64, to out: ByteBuffer) {
        for i in 1...count { out.append(byte: UInt8(truncatingIfNeeded: number >> (8 * (count - i)))) }
    }
}
