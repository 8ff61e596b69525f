internal import Primitives
internal import Reactor

/// Composes what is sent to other gateways: numbers big-endian, or of variable length (LEB128) where they are mostly small.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    mutating func put<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
        var shift = Number.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(truncatingIfNeeded: shift)))
        }
    }

    mutating func put(variable number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func put(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// At most 255 bytes, behind their number.
    mutating func put(short text: [UInt8]) {
        bytes.append(UInt8(clamping: text.count))
        bytes.append(contentsOf: text.prefix(255))
    }

    /// An address with its port; one without, which no member has, as 0.
    mutating func put(_ address: SocketAddress) {
        guard case .ip(let ip, let port) = address else { return put(UInt8(0)) }
        if ip.isIPv4 {
            put(UInt8(4))
            put(ip.v4)
        } else {
            put(UInt8(6))
            put(ip.high)
            put(ip.low)
        }
        put(port)
    }
}
