package import GatewayCore

/// Where consumers and their credentials are. Implementations pass `IdentityStoreTests`.
///
/// Looking up costs the same however many credentials there are, and needs nothing to be read before.
package protocol IdentityStore: AnyObject, Sendable {
    /// The credential of that key; nil if there is none. Those that are over or switched off are found like others.
    func find(_ key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord?

    /// Some credential of the key's kind, always the same one for the same key while nothing changes; nil only if there is none of that
    /// kind. What those who are not found are checked against, so that it takes as long as if they existed.
    func decoy(for key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord?

    /// The consumer of that name, and whether it is switched on.
    func consumer(named name: String) async throws(IdentityStoreError) -> ConsumerRecord?
}

/// A consumer, and whether it is switched on.
package struct ConsumerRecord: Sendable {
    package var consumer: Consumer
    package var isEnabled: Bool

    package init(_ consumer: Consumer, isEnabled: Bool = true) {
        self.consumer = consumer
        self.isEnabled = isEnabled
    }
}

/// Why a store could not answer; asking again later may help.
package struct IdentityStoreError: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
