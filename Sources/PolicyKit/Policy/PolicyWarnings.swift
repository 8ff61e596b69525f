import Synchronization

/// What policies remark about their settings, while they are made, that is no error.
package final class PolicyWarnings: Sendable {
    private let flaws = Mutex<[PolicyError.Flaw]>([])

    package init() {}

    func append(_ flaw: PolicyError.Flaw) { flaws.withLock { $0.append(flaw) } }

    /// All that came since the last time.
    package func take() -> [PolicyError.Flaw] {
        flaws.withLock { flaws in
            defer { flaws = [] }
            return flaws
        }
    }
}
