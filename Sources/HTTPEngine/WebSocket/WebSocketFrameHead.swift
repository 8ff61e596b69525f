package import Primitives

/// The head of a WebSocket frame, or as much of it as has come: at most 14 bytes (RFC 6455 §5.2), kept in two words.
package struct WebSocketFrameHead: Equatable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    package private(set) var count = 0

    package init() {}

    package enum Opcode: UInt8, Sendable {
        case continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10
    }

    package var isEmpty: Bool { count == 0 }

    package subscript(index: Int) -> UInt8 {
        let word = index < 8 ? low : high
        return UInt8(truncatingIfNeeded: word >> UInt64((index & 7) * 8))
    }

    package mutating func append(_ byte: UInt8) {
        let bits = UInt64(byte) << UInt64((count & 7) * 8)
        if count < 8 { low |= bits } else { high |= bits }
        count += 1
    }

    package func write(to out: ByteBuffer) {
        for i in 0..<count { out.append(byte: self[i]) }
    }

    /// Bytes of the whole head: 2, those of a longer length, and those of the mask.
    private var size: Int {
        let lengthBytes = self[1] & 0x7f == 127 ? 8 : self[1] & 0x7f == 126 ? 2 : 0
        return 2 + lengthBytes + (isMasked ? 4 : 0)
    }

    package var isComplete: Bool { count >= 2 && count >= size }
    package var isFinal: Bool { self[0] & 0x80 != 0 }
    package var isMasked: Bool { self[1] & 0x80 != 0 }
    /// Nil for those that mean nothing.
    package var opcode: Opcode? { Opcode(rawValue: self[0] & 0x0f) }

    /// Bytes of the payload, once the head is complete.
    package var payload: UInt64 {
        switch self[1] & 0x7f {
        case 127: (2..<10).reduce(0) { $0 << 8 | UInt64(self[$1]) }
        case 126: UInt64(self[2]) << 8 | UInt64(self[3])
        case let length: UInt64(length)
        }
    }

    /// What is wrong with a complete head by itself.
    func flaw(from sender: WebSocketInspector.Sender, extensionBits: UInt8) -> String? {
        if self[0] & 0x70 & ~extensionBits != 0 { return "a reserved bit" }
        guard let opcode else { return "an unknown opcode" }
        if isMasked != (sender == .client) { return sender == .client ? "no mask" : "a mask" }
        let length = payload
        switch self[1] & 0x7f {
        case 127 where length > UInt64(Int64.max): return "a length of 64 bits"
        case 127 where length <= 0xffff, 126 where length < 126: return "a length that is longer than needed"
        default: break
        }
        switch opcode {
        case .close, .ping, .pong:
            if !isFinal { return "a control frame in fragments" }
            if length > 125 { return "a control frame that is too long" }
            if opcode == .close, length == 1 { return "a Close with half a code" }
        case .continuation, .text, .binary: break
        }
        return nil
    }
}

/// Writes the Close frame of the gateway's own (RFC 6455 §5.5.1).
package enum WebSocketClose {
    /// - Parameter isMasked: frames to a server are masked (§5.3).
    package static func write(_ code: UInt16, isMasked: Bool, to out: ByteBuffer) {
        out.append(byte: 0x88)
        out.append(byte: isMasked ? 0x82 : 0x02)
        let mask: UInt32 = isMasked ? .random(in: 0 ... .max) : 0
        let maskBytes = (UInt8(truncatingIfNeeded: mask >> 24), UInt8(truncatingIfNeeded: mask >> 16))
        if isMasked {
            for shift: UInt32 in [24, 16, 8, 0] { out.append(byte: UInt8(truncatingIfNeeded: mask >> shift)) }
        }
        out.append(byte: UInt8(truncatingIfNeeded: code >> 8) ^ maskBytes.0)
        out.append(byte: UInt8(truncatingIfNeeded: code) ^ maskBytes.1)
    }
}
