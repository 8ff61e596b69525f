import GatewayCore
import Primitives
import Reactor
import Upstreams

/// Deadlines that callers give in a field of the request.
extension Worker {
    /// Notes until when an answer is wanted, and tells the upstream. False: the request was refused.
    func keepDeadline(_ exchange: Exchange, _ rule: DeadlineRule, _ timeouts: UpstreamTimeouts) -> Bool {
        let fields = exchange.request.fields
        let wall = loop.wallClock
        if let text = rule.field.withView({ fields.first($0) }) {
            guard let moment = DeadlineRule.parse(text) else {
                refuse(exchange, GatewayError(.badDeadline, "The deadline is no number of seconds since 1970."))
                return false
            }
            guard moment > wall else {
                refuse(exchange, GatewayError(.deadlineExceeded))
                return false
            }
            exchange.deadline = min(exchange.deadline, loop.now + (moment - wall))
            return true
        }
        guard rule.isAlwaysSent else { return true }
        let end = exchange.end(within: timeouts.total)
        guard end != .never else { return true }
        rule.field.withView { name in
            fields.append(.other, name: name) { DeadlineRule.write(wall &+ (end - loop.now), to: $0) }
        }
        return true
    }
}
