import GatewayCore
import Model
import PolicyKit
import Reactor

/// Requests that are refused because the loop can't keep up.
extension Worker {
    /// False: the request was refused.
    func admits(_ exchange: Exchange, _ route: CompiledRoute, _ view: SnapshotView) -> Bool {
        guard overload?.level ?? 0 > 0 else { return true }
        var importance = route.importance
        if let rule = view.snapshot.overload {
            if let critical = rule.critical, exchange.test(critical) == true {
                importance = .critical
            } else if let low = rule.low, exchange.test(low) == true {
                importance = .low
            }
        }
        let chance = Double(random.next() >> 11) / Double(1 << 53)
        if overload?.admits(importance, chance: chance) ?? true { return true }
        refuse(exchange, GatewayError(.overloaded, .gateway, "The gateway can't keep up with the requests that it gets."))
        return false
    }

    func noteTurn() {
        guard overload != nil else { return }
        let now = loop.backend.now
        overload?.turn(now - loop.now, now) { Instant.threadTime }
    }

    /// What has been found out goes on if the bounds are the same.
    func swapOverload(_ rule: OverloadRule?, before: OverloadRule?) {
        guard let rule else { return overload = nil }
        if overload == nil || !rule.isLike(before) { overload = OverloadController(queueDelay: rule.queueDelay, cpu: rule.cpu) }
    }
}
