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
