import CNghttp2
import HTTPEngine
import Reactor
import ReactorTesting

/// A client of HTTP/2 in the hands of a test: it says exactly the frames that it is told to, and reads what comes as lines.
final class HTTP2Wire {
    let peer: TestPeer
    private var inflater: OpaquePointer?
    private var unread: [UInt8] = []
    /// A head of several frames, so far.
    private var block: [UInt8] = []
    /// Bytes of all DATA frames that were read.
    private(set) var dataBytes = 0

    init(_ peer: TestPeer) {
        self.peer = peer
        nghttp2_hd_inflate_new(&inflater)
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    // MARK: Saying

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The preface, and SETTINGS of (identifier, value).
    func greet(_ settings: [(UInt16, UInt32)] = []) {
        peer.send(HTTP2Wire.preface)
        var payload: [UInt8] = []
        for (name, value) in settings {
            payload += HTTP2Wire.word(UInt32(name)).dropFirst(2)
            payload += HTTP2Wire.word(value)
        }
        frame(4, payload: payload)
    }

    func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        let length = HTTP2Wire.word(UInt32(payload.count)).dropFirst()
        peer.send(Array(length))
        peer.send([type, flags])
        peer.send(HTTP2Wire.word(stream))
        peer.send(payload)
    }

    /// HEADERS in one frame, every field as a literal.
    func headers(_ stream: UInt32, _ fields: [(String, String)], ends: Bool = true) {
        frame(1, flags: ends ? 5 : 4, stream: stream, payload: HTTP2Wire.compressed(fields))
    }

    func request(_ stream: UInt32, _ method: String = "GET", _ path: String = "/", _ more: [(String, String)] = [], ends: Bool = true) {
        headers(stream, [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")] + more, ends: ends)
    }

    func data(_ stream: UInt32, _ text: String, ends: Bool = false) { frame(0, flags: ends ? 1 : 0, stream: stream, payload: Array(text.utf8)) }
    func window(_ stream: UInt32, _ more: UInt32) { frame(8, stream: stream, payload: HTTP2Wire.word(more)) }
    func reset(_ stream: UInt32, _ code: UInt32 = 8) { frame(3, stream: stream, payload: HTTP2Wire.word(code)) }

    static func compressed(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value in [0] + text(name) + text(value) }
    }

    /// A string literal without Huffman coding (RFC 7541 §5.2).
    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var rest = bytes.count - 127
        var length: [UInt8] = [127]
        while rest >= 128 {
            length.append(UInt8(rest & 0x7f | 0x80))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    private static func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 0xff) } }

    // MARK: Hearing

    /// What has come since: a line for each frame, without SETTINGS, the window of the connection and dates.
    func lines() -> [String] {
        unread += peer.take()
        var lines: [String] = []
        while unread.count >= 9 {
            let count = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
            guard unread.count >= 9 + count else { break }
            let stream = Int(unread[6]) << 16 | Int(unread[7]) << 8 | Int(unread[8])
            let line = read(type: unread[3], flags: unread[4], stream, Array(unread[9..<9 + count]))
            unread.removeFirst(9 + count)
            if let line { lines.append(line) }
        }
        return lines
    }

    private func read(type: UInt8, flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> String? {
        let end = flags & 1 != 0 ? " end" : ""
        switch type {
        case 0:
            dataBytes += payload.count
            return "\(stream) data \(payload.count > 64 ? "(\(payload.count))" : String(decoding: payload, as: UTF8.self))\(end)"
        case 1, 9:
            block += payload
            guard flags & 4 != 0 else { return nil }
            defer { block = [] }
            return "\(stream) head \(fields().joined(separator: " "))\(end)"
        case 3: return "\(stream) reset \(HTTP2Wire.number(payload[0..<4]))"
        case 6: return flags & 1 != 0 ? "pong" : "ping"
        case 7: return "goaway \(HTTP2Wire.number(payload[0..<4])) \(HTTP2Wire.number(payload[4..<8]))"
        case 8: return stream == 0 ? nil : "\(stream) window \(HTTP2Wire.number(payload[0..<4]))"
        default: return nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private func fields() -> [String] {
        var found: [String] = []
        var at = 0
        while true {
            var pair = nghttp2_nv()
            var flags: Int32 = 0
            let used = block.withUnsafeBufferPointer {
                nghttp2_hd_inflate_hd2(inflater, &pair, &flags, $0.baseAddress.map { $0 + at }, $0.count - at, 1)
            }
            guard used >= 0 else { return found + ["(malformed)"] }
            at += used
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = String(decoding: UnsafeBufferPointer(start: pair.name, count: pair.namelen), as: UTF8.self)
                let value = String(decoding: UnsafeBufferPointer(start: pair.value, count: pair.valuelen), as: UTF8.self)
                if name != "date" { found.append("\(name)=\(value)") }
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                nghttp2_hd_inflate_end_headers(inflater)
                return found
            }
        }
    }
}

extension ServerRig {
    /// A server that takes HTTP/2 and HTTP/1 without TLS, and a client that has greeted it.
    static func http2(
        settings: [(UInt16, UInt32)] = [], capacity: Int? = nil, _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> (
        ServerRig, HTTP2Wire
    ) {
        let rig = try ServerRig {
            $0.served = .detect
            change(&$0)
        }
        let wire = HTTP2Wire(rig.client(capacity: capacity))
        wire.greet(settings)
        rig.network.settle()
        // The gateway's own SETTINGS count from now on.
        wire.frame(4, flags: 1)
        rig.network.settle()
        return (rig, wire)
    }

    /// What the client hears when everything has come to rest.
    func hear(_ wire: HTTP2Wire) -> [String] {
        network.settle()
        return wire.lines()
    }
}
