import ReactorTesting

/// An HTTP/2 upstream in the hands of a test: sends the frames that it is told to, and reads those of the gateway.
final class FramePeer {
    let peer: TestPeer
    private var input: [UInt8] = []
    private var sawPreface = false

    struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        /// The first four bytes: an error code, an increment.
        var number: Int { payload.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
        var isLast: Bool { flags & 1 != 0 && (type == FramePeer.data || type == FramePeer.headers) }
    }

    static let data: UInt8 = 0, headers: UInt8 = 1, reset: UInt8 = 3, settings: UInt8 = 4, ping: UInt8 = 6, goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8

    init(_ peer: TestPeer, settings: [(id: UInt8, value: UInt8)] = []) {
        self.peer = peer
        send(FramePeer.settings, payload: settings.flatMap { [0, $0.id, 0, 0, 0, $0.value] })
        // The gateway's own are acknowledged: only then do its windows hold.
        send(FramePeer.settings, flags: 1)
    }

    func send(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        let count = payload.count
        peer.send([UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff), type, flags] + FramePeer.bytes(stream) + payload)
    }

    static func bytes(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(number >> $0 & 0xff) } }

    // MARK: Messages

    /// A head; without compression, but for the names of pseudo fields.
    func head(_ stream: UInt32, status: String? = "200", _ fields: [(String, String)] = [], isLast: Bool = false) {
        var block: [UInt8] = status.map { [8, UInt8($0.utf8.count)] + Array($0.utf8) } ?? []
        for (name, value) in fields { block += [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8) }
        send(FramePeer.headers, flags: isLast ? 5 : 4, stream: stream, payload: block)
    }

    func body(_ stream: UInt32, _ text: String, isLast: Bool = false) {
        send(FramePeer.data, flags: isLast ? 1 : 0, stream: stream, payload: Array(text.utf8))
    }

    func answer(_ stream: UInt32, _ text: String = "ok") {
        head(stream)
        body(stream, text, isLast: true)
    }

    // MARK: What the gateway sent

    /// The frames that have come since the last call.
    func frames() -> [Frame] {
        input += peer.take()
        if !sawPreface, input.count >= 24 {
            input.removeFirst(24)
            sawPreface = true
        }
        var frames: [Frame] = []
        while input.count >= 9 {
            let count = Int(input[0]) << 16 | Int(input[1]) << 8 | Int(input[2])
            guard input.count >= 9 + count else { break }
            let stream = input[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frames.append(Frame(type: input[3], flags: input[4], stream: stream, payload: Array(input[9..<9 + count])))
            input.removeFirst(9 + count)
        }
        return frames
    }

    /// Those of one type.
    func frames(_ type: UInt8) -> [Frame] { frames().filter { $0.type == type } }
}
