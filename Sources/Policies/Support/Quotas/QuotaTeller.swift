import GatewayCore
import PolicyKit
import Primitives
import SharedState
import Synchronization

/// Tells operators, once for each key and window, that a share of a quota is used up, or all of it.
final class QuotaTeller: Sendable {
    private let label: String
    private let rules: [QuotaRule]
    private let sink: any EventSink
    private let memory = EventMemory()
    private let warned = Atomic<UInt64>(0), refused = Atomic<UInt64>(0), passed = Atomic<UInt64>(0)

    init(_ label: String, _ rules: [QuotaRule], _ sink: any EventSink) {
        self.label = label
        self.rules = rules
        self.sink = sink
    }

    /// Looks at what an exchange was told.
    func tell(_ receipt: QuotaReceipt, _ exchange: Exchange) {
        for i in rules.indices {
            let demand = receipt.demands[i]
            if receipt.isAllowed {
                warn(i, demand, total: receipt.totals[i], limit: receipt.limits[i], ends: receipt.ends[i], receipt.key, receipt.wall, exchange)
            }
            guard receipt.isBeyond(i) else { continue }
            exceeded(i, demand, total: receipt.totals[i], limit: receipt.limits[i], ends: receipt.ends[i], receipt.key, receipt.wall)
        }
        guard let beyond = rules.indices.first(where: receipt.isBeyond) else { return }
        if receipt.isAllowed {
            passed.wrappingAdd(1, ordering: .relaxed)
            rules[beyond].name.withView { exchange.log(.text, ByteView("quotaExceeded"), $0) }
        } else {
            refused.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Looks at what was settled.
    ///
    /// - Parameter places: the rules of `demands`.
    func tell(_ demands: [CounterDemand], _ places: [Int], _ limits: [Int], _ outcome: CounterOutcome, _ key: [UInt8], wall: UInt64) {
        for (place, demand) in zip(places, demands) where outcome.totals.count == demands.count {
            guard let i = places.firstIndex(of: place) else { continue }
            warn(place, demand, total: outcome.totals[i], limit: limits[place], ends: demand.ends, key, wall, nil)
            if outcome.totals[i] > limits[place] {
                exceeded(place, demand, total: outcome.totals[i], limit: limits[place], ends: demand.ends, key, wall)
            }
        }
    }

    private func warn(
        _ rule: Int, _ demand: CounterDemand, total: Int, limit: Int, ends: UInt64, _ key: [UInt8], _ wall: UInt64, _ exchange: Exchange?
    ) {
        guard !rules[rule].shares.isEmpty, demand.amount > 0 else { return }
        for (place, share) in rules[rule].shares.enumerated() {
            let threshold = share * Double(limit)
            // It is this demand that has brought it there.
            guard Double(total) >= threshold, Double(total &- demand.amount) < threshold else { continue }
            guard memory.isNew(demand.key, UInt64(place) + 1, ends: ends, wall: wall) else { continue }
            warned.wrappingAdd(1, ordering: .relaxed)
            let text = "\(Int((share * 100).rounded()))%"
            if let exchange { text.withView { exchange.log(.text, ByteView("quotaWarning"), $0) } }
            post("quota_warning", "A share of a quota is used up.", rule, key, total, limit, [Event.Field("share", text)])
        }
    }

    private func exceeded(_ rule: Int, _ demand: CounterDemand, total: Int, limit: Int, ends: UInt64, _ key: [UInt8], _ wall: UInt64) {
        guard memory.isNew(demand.key, 0, ends: ends, wall: wall) else { return }
        post("quota_exceeded", "A quota is used up.", rule, key, total, limit, [])
    }

    private func post(_ name: String, _ message: String, _ rule: Int, _ key: [UInt8], _ total: Int, _ limit: Int, _ more: [Event.Field]) {
        sink.post(
            Event(
                name, message,
                [
                    Event.Field("quota", label), Event.Field("window", rules[rule].name), Event.Field("key", String(decoding: key, as: UTF8.self)),
                    Event.Field("used", "\(total)"), Event.Field("limit", "\(limit)"),
                ] + more))
    }

    var figures: [PolicyFigure] {
        [
            PolicyFigure("quota_refused", .counter, refused.load(ordering: .relaxed), "Calls refused because a quota is used up."),
            PolicyFigure("quota_exceeded", .counter, passed.load(ordering: .relaxed), "Calls let through though a quota is used up."),
            PolicyFigure("quota_warnings", .counter, warned.load(ordering: .relaxed), "Shares of quotas that were told."),
        ]
    }
}
