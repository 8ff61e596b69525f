/// What one gateway may spend of a limit now, without asking anybody.
///
/// It may have spent, unknown to others, its weight of what is left of the limit as far as everybody knows. Weights of all gateways make
/// one whole at most, so together they spend what is left and no more, however late news comes. One request may always pass where there
/// is room for it and nothing of this gateway's is unknown to others: else limits smaller than the number of gateways would let nobody
/// pass. `docs/guides/gateways-together.md` derives the bounds.
struct SyncShare {
    /// Units left, as far as this gateway knows.
    var left: UInt64
    /// Units that it has spent, and others may not know of.
    var unknown: UInt64
    /// Of 2^32.
    var weight: UInt64
    /// Units that are left out of account, for those who are missing.
    var reserve: UInt64 = 0

    private var common: UInt64 {
        let (sum, overflows) = left.addingReportingOverflow(unknown)
        let all = overflows ? UInt64.max : sum
        return all > reserve ? all &- reserve : 0
    }

    /// Units that may be spent, for a request of `cost`.
    func allowance(_ cost: UInt64) -> UInt64 {
        let share = part(common)
        let free = min(left, share > unknown ? share &- unknown : 0)
        return unknown == 0 && cost <= common && cost <= left ? max(free, cost) : free
    }

    /// Whether others should hear of it: half of the share is spent with this cost.
    func isScarce(_ cost: UInt64) -> Bool {
        let (spent, overflows) = unknown.addingReportingOverflow(cost)
        return overflows || spent > part(common) / 2
    }

    private func part(_ units: UInt64) -> UInt64 {
        let product = units.multipliedFullWidth(by: weight)
        return product.high << 32 | product.low >> 32
    }
}
