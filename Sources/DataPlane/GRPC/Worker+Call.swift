import GatewayCore
import Primitives
import Reactor
import Upstreams

/// What calls of gRPC need beyond other requests.
extension Worker {
    /// Notes that the request is a call, and by when it has to be over. False: it was refused.
    func beginCall(_ exchange: Exchange) -> Bool {
        guard exchange.call != .none, let timeout = exchange.request.fields.first(CallField.timeout) else { return true }
        guard let length = CallTimeout.parse(timeout) else {
            refuse(exchange, GatewayError(.badCallTimeout, "`grpc-timeout` is not one to eight digits and a unit."))
            return false
        }
        exchange.deadline = exchange.started + length
        return true
    }

    /// Tells the upstream how much of the caller's time is left, and that trailers are understood. False: none is left.
    func prepareCall(_ exchange: Exchange) -> Bool {
        exchange.request.acceptsTrailers = true
        guard exchange.deadline != .never else { return true }
        let left = exchange.deadline - loop.now
        guard left > 0 else { return false }
        let fields = exchange.request.fields
        fields.remove(named: CallField.timeout)
        fields.append(.other, name: CallField.timeout) { CallTimeout.write(left, to: $0) }
        return true
    }
}
