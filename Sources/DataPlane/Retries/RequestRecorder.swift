import GatewayCore
import Primitives
import Reactor

/// Keeps a request's body as it goes to the upstream, so that it can be sent again. What is longer than `most` is not kept.
final class RequestRecorder: BodyStage {
    private let loop: EventLoop
    private let most: Int
    private var body: ByteBuffer?
    private var isWhole = false

    init(_ loop: EventLoop, most: Int) {
        self.loop = loop
        self.most = most
        body = loop.takeBuffer()
    }

    deinit { drop() }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        if let body {
            if bytes.count <= most - body.count { body.append(bytes) } else { drop() }
        }
        try next(bytes)
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) { isWhole = true }

    /// The body has ended, and all of it was kept.
    var hasWhole: Bool { isWhole && body != nil }

    /// The body, which belongs to the caller from now on; nil when it has not ended yet or was too long.
    func takeWhole() -> ByteBuffer? {
        guard isWhole else { return nil }
        defer { body = nil }
        return body
    }

    private func drop() {
        guard let body else { return }
        body.clear()
        loop.giveBack(body)
        self.body = nil
    }
}
