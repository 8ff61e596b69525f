package import GatewayCore

/// A credential as a store knows it, with the consumer that it belongs to.
package struct CredentialRecord: Sendable {
    package var key: IdentityKey
    /// What logs and lists call it; never the credential itself.
    package var id: String
    package var consumer: Consumer
    /// The credential's own plans, which stand in place of its owner's; nil if it has none.
    package var plans: [String]?
    /// What proves it: the hash of a password, a shared secret. Empty for what is proved by being known or was verified before.
    package var secret: [UInt8]
    /// Seconds since 1970 from which on it counts no more.
    package var expires: Int?
    /// Neither it nor its consumer is switched off.
    package var isEnabled: Bool

    package init(
        key: IdentityKey, id: String? = nil, consumer: Consumer, plans: [String]? = nil, secret: [UInt8] = [], expires: Int? = nil,
        isEnabled: Bool = true
    ) {
        self.key = key
        self.id = id ?? key.shown
        self.consumer = plans.map { consumer.under($0) } ?? consumer
        self.plans = plans
        self.secret = secret
        self.expires = expires
        self.isEnabled = isEnabled
    }

    /// Whether it may be used.
    ///
    /// - Parameter now: seconds since 1970.
    package func counts(at now: Int) -> Bool { isEnabled && (expires.map { now < $0 } ?? true) }
}

extension CredentialRecord: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(key.kind) \(id) of \(consumer.name)" }
    package var customMirror: Mirror { Mirror(self, children: ["id": id, "consumer": consumer.name]) }
}
