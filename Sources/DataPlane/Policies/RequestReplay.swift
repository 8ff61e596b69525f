import GatewayCore
import Primitives
import Reactor

/// The client's half of an exchange whose request body has been collected: gives the body from memory.
final class RequestReplay: DownstreamFilter {
    let body: ByteBuffer
    private var sent = 0
    /// Who takes the body: another one means another try.
    private weak var taker: (any Upstream)?
    /// More than this is not handed over at once, so that what is not taken is not held twice.
    private static let piece = 64 << 10

    init(_ exchange: Exchange, _ body: ByteBuffer) {
        self.body = body
        super.init(exchange)
    }

    deinit { loop.giveBack(body) }

    override func wantsRequestBody() {
        guard let upstream = exchange.upstream else { return }
        let carrier = exchange.pacer?.target ?? upstream
        if taker !== carrier {
            taker = carrier
            sent = 0
        }
        if !exchange.requestStages.isEmpty { exchange.requestBodyTouched = true }
        while sent < body.count {
            let piece = body.view(sent..<min(body.count, sent + RequestReplay.piece))
            sent += piece.count
            guard upstream.requestBody(piece) else { return upstream.requestFlush() }
        }
        upstream.requestEnd(trailers: nil)
    }
}

extension RequestHead {
    /// The body has been collected, so its length is known. Where there was none, none is announced.
    func announce(_ count: Int) {
        if framing != .none || count > 0 { changedFraming = .length(count) }
    }
}

extension Exchange {
    /// The request's body, if it was collected.
    var requestReplay: RequestReplay? {
        var half = downstream
        while let filter = half as? DownstreamFilter {
            if let replay = filter as? RequestReplay { return replay }
            half = filter.inner
        }
        return nil
    }

    /// What a policy has written for its answer.
    var takenReplyBody: ByteView { replyBody?.view ?? ByteView() }
}
