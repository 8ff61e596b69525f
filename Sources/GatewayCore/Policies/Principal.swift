package import Primitives

/// Who calls, as an authentication policy has found out. Made once for a credential and remembered with it, so that an
/// exchange whose credential is known costs one retain.
package final class Principal: Sendable {
    /// The policy that has verified the credential: `jwt`.
    package let method: String
    /// What the credential names: a user, a client, the prefix of a key, a SPIFFE id. Never the credential itself.
    package let subject: String
    /// The consumer that the credential belongs to; nil when it belongs to none.
    package let consumer: Consumer?
    /// What the bearer may do (RFC 6749 §3.3), each by itself.
    package let scopes: [String]
    /// What a verified token says: an object; nil for credentials that say nothing.
    package let claims: JSON?
    /// From when on the credential counts no more, in seconds of the Unix clock; nil: it does not end by itself.
    package let expires: Int?

    package init(
        method: String, subject: String, consumer: Consumer? = nil, scopes: [String] = [], claims: JSON? = nil, expires: Int? = nil
    ) {
        self.method = method
        self.subject = subject
        self.consumer = consumer
        self.scopes = scopes
        self.claims = claims
        self.expires = expires
    }
}

extension Exchange {
    /// Says who calls. A later policy's word replaces an earlier one's, but for the consumer, which stays when the later one knows
    /// none: a gateway that asks for a key and a token has one caller, not two.
    package func identify(_ principal: Principal) {
        self.principal = principal
        if let consumer = principal.consumer { self.consumer = consumer }
    }
}
