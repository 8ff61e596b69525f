import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// Stands where the upstream stands otherwise, and gathers the request's body.
final class RequestCollector: GatewayCore.Upstream {
    private let body: ByteBuffer
    private let most: Int
    private let stages: BodyStages
    private var waiting: (exchange: Exchange, goOn: (Exchange, ByteBuffer) -> Void)?
    private unowned let worker: Worker

    private init(_ exchange: Exchange, most: Int, worker: Worker, then goOn: @escaping (Exchange, ByteBuffer) -> Void) {
        body = exchange.loop.takeBuffer()
        self.most = most
        self.worker = worker
        // Stages of the policies before have their turn before the body is whole; those of later ones, when it is sent on.
        stages = exchange.requestStages
        waiting = (exchange, goOn)
    }

    static func begin(_ exchange: Exchange, most: Int, worker: Worker, then goOn: @escaping (Exchange, ByteBuffer) -> Void) {
        exchange.upstream = RequestCollector(exchange, most: most, worker: worker, then: goOn)
        exchange.requestStages.removeAll()
        if exchange.request.expectsContinue {
            // It is the gateway now that wants the body (RFC 9110 §10.1.1).
            exchange.response.status = 100
            exchange.downstream?.sendInformational(exchange)
            exchange.response.clear()
            exchange.request.expectsContinue = false
        }
        exchange.downstream?.wantsRequestBody()
    }

    func requestBody(_ bytes: ByteView) -> Bool {
        do throws(GatewayError) {
            try stages.take(bytes, append)
        } catch {
            fail(error)
        }
        return true
    }

    func requestEnd(trailers: HeaderFields?) {
        do throws(GatewayError) {
            var trailers: HeaderFields?
            try stages.end(trailers: &trailers, append)
        } catch {
            return fail(error)
        }
        guard let (exchange, goOn) = waiting else { return }
        waiting = nil
        exchange.upstream = nil
        // It is here, and can be sent again.
        exchange.requestBodyTouched = false
        let replay = RequestReplay(exchange, body)
        exchange.downstream = replay
        goOn(exchange, body)
    }

    private func append(_ bytes: ByteView) throws(GatewayError) {
        guard body.count + bytes.count <= most else { throw BodyTooLong.request(most) }
        body.append(bytes)
    }

    private func fail(_ error: GatewayError) {
        guard let (exchange, _) = waiting else { return }
        cancel(error)
        exchange.upstream = nil
        worker.refuse(exchange, error)
    }

    func requestFlush() {}
    func downstreamWritable() {}

    func cancel(_ error: GatewayError) {
        guard let (exchange, _) = waiting else { return }
        waiting = nil
        exchange.loop.giveBack(body)
    }
}
