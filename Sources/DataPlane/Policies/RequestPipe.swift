import GatewayCore
import Primitives

/// Feeds the request's body through stages to the upstream.
final class RequestPipe: RequestFilter {
    var target: (any GatewayCore.Upstream)?
    private let stages: BodyStages
    private let exchange: Exchange
    private unowned let worker: Worker

    init(_ exchange: Exchange, worker: Worker) {
        stages = exchange.requestStages
        self.exchange = exchange
        self.worker = worker
    }

    func requestBody(_ bytes: ByteView) -> Bool {
        var takesMore = true
        do throws(GatewayError) {
            try stages.take(bytes) { (bytes) throws(GatewayError) in takesMore = target?.requestBody(bytes) ?? true }
            return takesMore
        } catch {
            fail(error)
            return true
        }
    }

    func requestEnd(trailers: HeaderFields?) {
        var trailers = trailers
        do throws(GatewayError) {
            try stages.end(trailers: &trailers) { (bytes) throws(GatewayError) in _ = target?.requestBody(bytes) }
            target?.requestEnd(trailers: trailers)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: GatewayError) {
        guard target != nil else { return }
        worker.requestFailed(exchange, error)
    }

    func requestFlush() { target?.requestFlush() }
    func downstreamWritable() { target?.downstreamWritable() }

    func cancel(_ error: GatewayError) {
        let target = target
        self.target = nil
        target?.cancel(error)
    }
}
