package import SharedState

/// A policy that limits callers by limiters of a store: operators may look what a caller has left, and reset it.
package protocol LimitingPolicy: Policy {
    /// Several where requests of different kinds have windows of their own.
    var limiters: [any Limiter] { get }
    var storeKind: StoreKind { get }

    /// The key that people mean by these texts, one for each part of it; nil if they are not so many.
    func limiterKey(named texts: [String]) -> [UInt8]?
}
