import GatewayCore
import Primitives

/// Decodes a body of gRPC-Web text: Base64, in pieces that clients encode by themselves, so that padding may stand anywhere.
final class TextDecoding: BodyStage {
    private let decoded = ByteBuffer(capacity: 1024)
    private var group = Base64Group()

    var keepsLength: Bool { false }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        decoded.clear()
        for i in 0..<bytes.count {
            guard group.add(bytes[i], to: decoded) else { throw GatewayError(.badGrpcWeb, "The body of the call is not Base64.") }
        }
        if !decoded.isEmpty { try next(decoded.view) }
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        guard group.isEmpty else { throw GatewayError(.badGrpcWeb, "The body of the call ends inside four digits of Base64.") }
    }
}

/// Four digits of Base64 as they come in.
struct Base64Group {
    private var bits: UInt32 = 0
    private var digits = 0
    private var padding = 0

    var isEmpty: Bool { digits + padding == 0 }

    /// Appends the bytes of a group that is complete. False: `byte` can't stand here.
    mutating func add(_ byte: UInt8, to out: ByteBuffer) -> Bool {
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
