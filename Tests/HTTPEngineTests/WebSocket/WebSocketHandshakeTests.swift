import GatewayCore
import HTTPEngine
import Primitives
import TLS
import Testing

@Suite struct WebSocketHandshakeTests {
    /// FIPS 180-4's examples, and lengths around those of a block.
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
        (String(repeating: "a", count: 56), "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        (String(repeating: "a", count: 63), "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
        (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        (String(repeating: "a", count: 119), "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"),
        (String(repeating: "a", count: 1000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func sha1(_ text: String, _ digest: String) {
        let out = ByteBuffer()
        text.withView { SHA1.digest($0, into: out) }
        let hexadecimal = out.view.array.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        #expect(hexadecimal.joined() == digest)
    }

    /// RFC 6455 §1.3.
    @Test func accept() {
        let out = ByteBuffer()
        WebSocketHandshake.writeAccept(forKey: ByteView("dGhlIHNhbXBsZSBub25jZQ=="), to: out)
        #expect(out.view == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(arguments: [
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", 0),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", 426),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426),
        ("Sec-WebSocket-Version: 13\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\nSec-WebSocket-Version: 13\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\nSec-WebSocket-Version: 13\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZZZZ\r\nSec-WebSocket-Version: 13\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBs!SBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", 400),
    ])
    func check(_ fields: String, _ status: Int) {
        let request = parse(.get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n" + fields))
        #expect(WebSocketHandshake.check(request)?.status ?? 0 == status)
    }

    /// The protocol that a request asks for (RFC 9110 §7.8).
    @Test(arguments: [
        ("Connection: Upgrade\r\nUpgrade: websocket\r\n", "websocket"),
        ("Connection: keep-alive, UPGRADE\r\nUpgrade:  foo/2 , websocket\r\n", "foo/2"),
        ("Connection: x\r\nConnection: upgrade\r\nUpgrade: a\r\n", "a"),
        ("Upgrade: websocket\r\n", ""),
        ("Connection: keep-alive\r\nUpgrade: websocket\r\n", ""),
        ("Connection: upgrade\r\n", ""),
        ("Connection: upgrade\r\nUpgrade: a b\r\n", ""),
        ("Connection: upgrade\r\nUpgrade: \r\n", ""),
        ("Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n", "a"),
        ("Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 1\r\n", ""),
        ("Connection: upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n", ""),
    ])
    func protocolAskedFor(_ fields: String, _ name: String) {
        #expect(parse(.get("/", fields)).upgrade.string == name)
    }

    @Test func versionOneKnowsNoUpgrade() {
        #expect(parse("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n").upgrade.isEmpty)
    }

    private func parse(_ text: String) -> RequestHead {
        let head = RequestHead()
        _ = text.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: head) }
        return head
    }
}
