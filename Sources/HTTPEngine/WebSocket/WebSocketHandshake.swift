package import GatewayCore
package import Primitives
import TLS

/// The opening handshake of WebSocket over HTTP/1 (RFC 6455 §4). Over HTTP/2 there are no keys (RFC 8441 §5), so where the two
/// versions meet the gateway makes them, or answers them.
package enum WebSocketHandshake {
    package static let key: StaticString = "sec-websocket-key"
    package static let accept: StaticString = "sec-websocket-accept"
    package static let version: StaticString = "sec-websocket-version"
    private static let magic: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// What is wrong with a client's handshake (§4.2.1); nil for nothing.
    package static func check(_ request: RequestHead) -> GatewayError? {
        guard request.majorVersion < 2 else { return nil }
        guard request.method == .get else { return GatewayError(.badWebSocketHandshake, "A WebSocket is opened with GET.") }
        guard let version = request.fields.first(ByteView(version)), version == "13" else {
            return GatewayError(.badWebSocketHandshake, status: 426, "The only version of WebSocket known here is 13.")
        }
        var keys = 0
        var isKey = false
        request.fields.forEach(named: ByteView(key)) { value in
            keys += 1
            let decoded = ByteBuffer(capacity: 24)
            // Bits behind the last byte may be set: clients in use do that, and nothing hangs on it.
            isKey = value.count == 24 && value.hasPaddingOfTwo && (Base64.decode(value.prefix(20), into: decoded) && decoded.count == 15)
            return true
        }
        guard keys == 1, isKey else {
            return GatewayError(.badWebSocketHandshake, "Sec-WebSocket-Key is not 16 bytes in base64.")
        }
        return nil
    }

    /// Gives a request that came without them the fields that HTTP/1 needs.
    package static func complete(_ request: RequestHead) {
        let fields = request.fields
        if fields.first(ByteView(version)) == nil { fields.append(.other, name: ByteView(version), ByteView("13")) }
        guard fields.first(ByteView(key)) == nil else { return }
        let nonce = ByteBuffer(capacity: 16)
        for _ in 0..<16 { nonce.append(byte: UInt8.random(in: 0...255)) }
        fields.append(.other, name: ByteView(key)) { Base64.encode(nonce.view, into: $0) }
    }

    /// Appends what a server answers to a key (§4.2.2): the base64 of the SHA-1 of the key and a constant.
    package static func writeAccept(forKey key: ByteView, to out: ByteBuffer) {
        let text = ByteBuffer(capacity: 64)
        text.append(key.trimmed)
        text.append(magic)
        let digest = ByteBuffer(capacity: 20)
        SHA1.digest(text.view, into: digest)
        Base64.encode(digest.view, into: out)
    }

    /// Whether a response proves that its server has read the request's key.
    package static func isAccepted(_ response: ResponseHead, of request: RequestHead) -> Bool {
        guard let key = request.fields.first(ByteView(key)), let answer = response.fields.first(ByteView(accept)) else { return false }
        let expected = ByteBuffer(capacity: 28)
        writeAccept(forKey: key, to: expected)
        return !expected.isEmpty && answer == expected.view
    }
}

extension RequestHead {
    /// It asks for a WebSocket.
    package var asksForWebSocket: Bool { upgrade.equalsIgnoringCase("websocket") }
}

extension ByteView {
    /// 22 digits of base64 and two signs of padding.
    fileprivate var hasPaddingOfTwo: Bool {
        guard count == 24, self[22] == UInt8(ascii: "="), self[23] == UInt8(ascii: "=") else { return false }
        for i in 20..<22 where !(ASCII.isLetter(self[i]) || ASCII.isDigit(self[i]) || self[i] == UInt8(ascii: "+") || self[i] == UInt8(ascii: "/")) {
            return false
        }
        return true
    }
}
