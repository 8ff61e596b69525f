import GatewayCore
import Primitives

/// Puts the trailers of a response behind its body, as a frame of their own: a byte 0x80, the length in four bytes, and lines
/// (gRPC-Web, "Protocol differences vs gRPC over HTTP2"). Of text, each piece is Base64 by itself.
final class TrailerFrame: BodyStage {
    private let isText: Bool
    private let encoded: ByteBuffer

    init(isText: Bool) {
        self.isText = isText
        encoded = ByteBuffer(capacity: isText ? 1024 : 128)
    }

    var keepsLength: Bool { false }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        guard isText else { return try next(bytes) }
        guard !bytes.isEmpty else { return }
        encoded.clear()
        Base64.encode(bytes, into: encoded)
        try next(encoded.view)
    }

    func end(trailers: inout HeaderFields?, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        let lines = ByteBuffer(capacity: 256)
        if let trailers {
            trailers.write(to: lines)
        } else {
            // What a caller makes of a response that has no status.
            lines.append("grpc-status: 2\r\ngrpc-message: The upstream sent no status.\r\n")
        }
        trailers = nil
        let frame = ByteBuffer(capacity: lines.count + 5)
        frame.append(byte: 0x80)
        for shift in [24, 16, 8, 0] { frame.append(byte: UInt8(truncatingIfNeeded: lines.count >> shift)) }
        frame.append(lines.view)
        try take(frame.view, next)
    }
}
