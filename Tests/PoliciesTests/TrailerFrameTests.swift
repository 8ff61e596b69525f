import GatewayCore
import Primitives
import Testing

@testable import Policies

@Suite struct TrailerFrameTests {
    private func pass(_ pieces: [String], isText: Bool, _ trailers: HeaderFields?) throws(GatewayError) -> [UInt8] {
        let stage = TrailerFrame(isText: isText)
        var out: [UInt8] = []
        func collect(_ bytes: ByteView) { for i in 0..<bytes.count { out.append(bytes[i]) } }
        for piece in pieces {
            let bytes = ByteBuffer()
            bytes.append(text: piece)
            try stage.take(bytes.view) { (bytes) throws(GatewayError) in collect(bytes) }
        }
        var trailers = trailers
        try stage.end(trailers: &trailers) { (bytes) throws(GatewayError) in collect(bytes) }
        #expect(trailers == nil, "they would be sent twice")
        return out
    }

    private func trailers() -> HeaderFields {
        let fields = HeaderFields()
        fields.append("grpc-status", "0")
        fields.append("x-a", "b")
        return fields
    }

    @Test func binary() throws {
        let lines = "grpc-status: 0\r\nx-a: b\r\n"
        #expect(
            try pass(["he", "llo"], isText: false, trailers()) == Array("hello".utf8) + [0x80, 0, 0, 0, UInt8(lines.utf8.count)] + Array(lines.utf8))
    }

    @Test func textIsEncodedPieceByPiece() throws {
        let out = try pass(["he", "", "llo"], isText: true, trailers())
        #expect(String(decoding: out, as: UTF8.self) == "aGU=bGxvgAAAABhncnBjLXN0YXR1czogMA0KeC1hOiBiDQo=")
    }

    @Test func aResponseWithoutStatusGetsOne() throws {
        let out = try pass([], isText: false, nil)
        #expect(String(decoding: out.dropFirst(5), as: UTF8.self).hasPrefix("grpc-status: 2\r\n"))
    }
}
