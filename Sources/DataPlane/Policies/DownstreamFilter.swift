import GatewayCore
import Primitives
import Reactor

/// Stands before the client's half of an exchange and passes everything on; what it does differently, others add.
class DownstreamFilter: Downstream {
    let inner: (any Downstream)?
    let loop: EventLoop
    /// Lets go of this object when it is over.
    let exchange: Exchange

    init(_ exchange: Exchange) {
        inner = exchange.downstream
        loop = exchange.loop
        self.exchange = exchange
    }

    func sendInformational(_ exchange: Exchange) { inner?.sendInformational(exchange) }
    func sendHead(_ exchange: Exchange) { inner?.sendHead(exchange) }
    func sendBody(_ bytes: ByteView) { inner?.sendBody(bytes) }
    func sendEnd(trailers: HeaderFields?) { inner?.sendEnd(trailers: trailers) }
    func abort(_ error: GatewayError) { inner?.abort(error) }
    func flush() -> Bool { inner?.flush() ?? true }
    func wantsRequestBody() { inner?.wantsRequestBody() }
    var isBackedUp: Bool { inner?.isBackedUp ?? false }
    var certificate: ClientCertificate? { inner?.certificate }
}
