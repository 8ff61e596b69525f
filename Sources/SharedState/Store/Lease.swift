package import Reactor

/// Who holds a share of a limit: unique among all gateways.
package struct LeaseHolder: Hashable, Sendable {
    /// Of the process.
    package var gateway: UInt64
    /// Within the process.
    package var number: UInt64

    package init(gateway: UInt64, number: UInt64) {
        self.gateway = gateway
        self.number = number
    }
}

/// One share of what may be held at once.
package struct LeaseRequest: Sendable, Equatable {
    package var key: [UInt8]
    package var holder: LeaseHolder
    /// Shares that there are.
    package var limit: Int
    /// Unless renewed, the share is free again after this time.
    package var lifetime: Nanoseconds

    package init(key: [UInt8], holder: LeaseHolder, limit: Int, lifetime: Nanoseconds) {
        self.key = key
        self.holder = holder
        self.limit = limit
        self.lifetime = lifetime
    }
}

package struct LeaseOutcome: Sendable, Equatable {
    package var isHeld: Bool
    /// Shares that are held now, this one included.
    package var held: Int

    package init(isHeld: Bool, held: Int) {
        self.isHeld = isHeld
        self.held = held
    }
}
