import Expressions
import GatewayCore
import Model
import PolicyKit
import Schema
import SharedState

/// One window of a quota, compiled.
struct QuotaRule: Sendable {
    enum Limit: Sendable {
        case fixed(Int)
        case expression(Expression)
    }

    /// Tells it apart among the rules of its quota, and stays the same when its amount changes: `calls-month`.
    let name: String
    let limit: Limit
    /// Whose bytes are counted; nil for calls.
    let bytes: QuotaBodies?
    let unit: CalendarUnit
    let calendar: Calendar
    let isFromFirstUse: Bool
    /// What goes beyond is let through.
    let isSoft: Bool
    /// Shares of the limit that are told, from 0 to 1.
    let shares: [Double]

    /// What no counter reaches, exact in a double, as some stores have numbers.
    static let unlimited = 1 << 52

    init(_ window: QuotaWindow, limit: Limit, prefix: String = "") {
        self.limit = limit
        bytes = window.bytes == nil ? nil : window.of ?? .both
        unit = CalendarUnit(window.per)
        let zone = window.timeZone ?? .utc
        calendar = Calendar(zone: zone.zone)
        isFromFirstUse = window.from == .firstUse
        isSoft = window.soft ?? false
        shares = (window.warnAt ?? []).map(\.fraction)
        var name = "\(prefix)\(bytes == nil ? "calls" : "bytes")-\(window.per.rawValue)"
        if let bytes, bytes != .both { name += "-\(bytes.rawValue)" }
        if isFromFirstUse { name += "-first-use" }
        if zone != .utc { name += "-\(zone.text)" }
        self.name = name
    }

    /// What a caller has in each window; nothing where its expression has no value.
    func amount(_ exchange: Exchange) -> Int {
        switch limit {
        case .fixed(let amount): return amount
        case .expression(let expression):
            guard case .int(let amount) = exchange.evaluate(expression) else { return 0 }
            return min(max(0, amount), QuotaRule.unlimited)
        }
    }
}

extension CalendarUnit {
    init(_ period: QuotaPeriod) {
        switch period {
        case .minute: self = .minute
        case .hour: self = .hour
        case .day: self = .day
        case .week: self = .week
        case .month: self = .month
        case .year: self = .year
        }
    }
}

extension QuotaRule.Limit {
    /// - Parameter path: the setting, for messages.
    init(_ amount: QuotaAmount, _ path: String, _ context: PolicyContext) throws(PolicyError) {
        switch amount {
        case .fixed(let amount): self = .fixed(amount)
        case .expression(let text):
            let expression = try context.compile(text, path, expecting: .int)
            if case .int(let amount) = expression.constant {
                self = .fixed(min(max(0, amount), QuotaRule.unlimited))
            } else {
                self = .expression(expression)
            }
        }
    }
}
