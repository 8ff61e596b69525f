package import Primitives

/// What a token server remembers, by kind; each kind has an expiry and a limit of its own.
package enum GrantKind: String, Sendable, CaseIterable {
    case code
    case refresh
    case device
    case userCode = "user-code"
    case consent
    /// Access tokens that were revoked before they expired.
    case revoked
    case signingKey = "signing-key"
    case secret
}

package struct GrantKey: Hashable, Sendable {
    package let kind: GrantKind
    /// Never a token itself: its hash.
    package let id: String

    package init(_ kind: GrantKind, _ id: String) {
        self.kind = kind
        self.id = id
    }
}

package struct GrantRecord: Sendable, Equatable {
    package var value: JSON
    /// Seconds of the Unix clock; from then on the record is not there.
    package var expires: Int

    package init(_ value: JSON, expires: Int) {
        self.value = value
        self.expires = expires
    }
}

/// Where a token server keeps codes, refresh tokens, consents and keys.
///
/// Every change is atomic: that a code is redeemed once, and a refresh token rotated once, rests on it. Calls may block, so they are not
/// for event loops.
package protocol GrantStore: Sendable {
    /// Shows a record to `change`, nil when there is none, and keeps what that makes of it, before anybody else sees the record.
    ///
    /// - Throws: nothing has changed then.
    func update<R>(_ key: GrantKey, now: Int, _ change: (inout GrantRecord?) -> R) throws(GrantStoreError) -> R

    /// All records of a kind.
    func records(_ kind: GrantKind, now: Int) throws(GrantStoreError) -> [(id: String, record: GrantRecord)]
}

extension GrantStore {
    package func record(_ key: GrantKey, now: Int) throws(GrantStoreError) -> GrantRecord? { try update(key, now: now) { $0 } }
}

package enum GrantStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There are as many records of the kind as there may be.
    case full(GrantKind)
    /// With what the operating system or the database says.
    case failed(String)

    package var description: String {
        switch self {
        case .full(let kind): "there are too many records of the kind \(kind.rawValue)"
        case .failed(let why): why
        }
    }
}
