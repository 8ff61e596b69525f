import Reactor
import SharedState

/// What a quota has taken for an exchange, and what it stood at then. Confined to a loop, and used again for another exchange.
final class QuotaReceipt {
    /// One for each rule, here and below.
    var demands: [CounterDemand] = []
    /// What is allowed, whether or not what goes beyond is refused.
    var limits: [Int] = []
    /// When the windows begin, in seconds since 1970, and how many seconds they have.
    var starts: [Int] = [], lengths: [Int] = []
    /// What has been spent for the exchange.
    var spent: [Int] = []
    var totals: [Int] = []
    /// When each window ends, and when it was asked: nanoseconds since 1970.
    var ends: [UInt64] = []
    var wall: UInt64 = 0
    var isAllowed = true
    /// Where it was spent; nil if nothing was.
    var store: (any SharedStore)?
    /// Who is counted.
    var key: [UInt8] = []
    /// A task waits for a store on its behalf, even if the exchange has ended meanwhile.
    var isWaiting = false
    /// What it belongs to.
    var owner: AnyObject?

    func clear() {
        limits.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        spent.removeAll(keepingCapacity: true)
        totals.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        key.removeAll(keepingCapacity: true)
        isAllowed = true
        store = nil
        owner = nil
    }

    func take(_ outcome: CounterOutcome, from store: any SharedStore) {
        isAllowed = outcome.allowed
        totals = outcome.totals
        ends = outcome.ends.count == demands.count ? outcome.ends : demands.map(\.ends)
        self.store = outcome.allowed ? store : nil
    }

    /// What was asked for is more than there is.
    func isBeyond(_ rule: Int) -> Bool {
        guard totals.indices.contains(rule) else { return false }
        return isAllowed ? totals[rule] > limits[rule] : totals[rule].addingReportingOverflow(demands[rule].amount).partialValue > limits[rule]
    }

    func remaining(_ rule: Int) -> Int { totals.indices.contains(rule) ? max(0, limits[rule] &- totals[rule]) : limits[rule] }

    /// Whole seconds until the window ends, at least one.
    func seconds(_ rule: Int) -> Int {
        guard ends.indices.contains(rule), ends[rule] > wall else { return 1 }
        return Int(clamping: (ends[rule] - wall).quotientAndRemainder(dividingBy: 1_000_000_000).quotient)
            + ((ends[rule] - wall) % 1_000_000_000 > 0 ? 1 : 0)
    }

    /// The window that says most: of those that refuse the one that does so longest, otherwise the one of which the smallest share is left.
    var decisive: Int {
        var best = 0
        for rule in totals.indices.dropFirst() {
            if isAllowed {
                // remaining / limit, without dividing.
                let here = Double(remaining(rule)) * Double(max(1, limits[best])), there = Double(remaining(best)) * Double(max(1, limits[rule]))
                if here < there { best = rule }
            } else if isBeyond(rule), !isBeyond(best) || ends[rule] > ends[best] {
                best = rule
            }
        }
        return best
    }
}
