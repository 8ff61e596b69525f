package import Primitives

extension ByteBuffer {
    /// Two hexadecimal digits for each byte, lower case.
    package func append(hexOf bytes: [UInt8]) {
        reserve(2 * bytes.count)
        for byte in bytes {
            append(byte: ASCII.lowercase(ASCII.hexDigit(byte >> 4)))
            append(byte: ASCII.lowercase(ASCII.hexDigit(byte & 0xf)))
        }
    }
}

extension ByteView {
    /// The bytes that hexadecimal digits of either case stand for; nil for anything else.
    package var hexBytes: [UInt8]? {
        guard count & 1 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 2)
        for i in stride(from: 0, to: count, by: 2) {
            guard let high = ASCII.hexValue(self[i]), let low = ASCII.hexValue(self[i + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
