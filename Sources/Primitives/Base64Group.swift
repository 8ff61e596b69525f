/// Four digits of Base64 (RFC 4648 §4) as they come in, from an encoder that may pad every piece of its output.
package struct Base64Group {
    private var bits: UInt32 = 0
    private var digits = 0
    private var padding = 0

    package init() {}

    package var isEmpty: Bool { digits + padding == 0 }

    /// Appends the bytes of a group that is complete. False: `byte` can't stand here.
    package mutating func add(_ byte: UInt8, to out: ByteBuffer) -> Bool {
        if byte == UInt8(ascii: "=") {
            guard digits >= 2 else { return false }
            padding += 1
        } else {
            guard padding == 0, let value = Base64.value(of: byte) else { return false }
            bits = bits << 6 | UInt32(value)
            digits += 1
        }
        guard digits + padding == 4 else { return true }
        bits <<= UInt32(6 * padding)
        for place in 0..<digits - 1 { out.append(byte: UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place))) }
        self = Base64Group()
        return true
    }
}
