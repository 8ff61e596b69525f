/// What a verifier demands of a signature beyond its being right (RFC 9421 §3.2.1, §7).
package struct SignatureRules: Sendable {
    /// What has to be covered. `@query` is, where the request has none.
    package var components: [SignatureComponent] = []
    /// Seconds by which clocks may differ.
    package var skew: Int64 = 30
    /// Seconds for which a signature is believed after it was made; nil: as long as it says itself.
    package var mostAge: Int64? = 300
    package var requiresCreated = true
    package var requiresExpires = false
    package var requiresNonce = false
    /// What the signature is for; nil: not looked at.
    package var tag: String?

    package init() {}

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - hasQuery: the request's target has a "?".
    package func check(_ signature: MessageSignature, now: Int64, hasQuery: Bool) throws(SignatureError) {
        for component in components where !signature.covers(component) {
            if !hasQuery, component.kind == .derived(.query) { continue }
            throw .refused("the signature does not cover all that has to be covered")
        }
        let parameters = signature.parameters
        if let tag, parameters.tag != tag { throw .refused("the signature has another tag") }
        if requiresNonce, parameters.nonce?.isEmpty ?? true { throw .refused("the signature has no nonce") }
        guard parameters.keyID != nil else { throw .refused("the signature does not name its key") }
        if let created = parameters.created {
            guard created <= now &+ skew else { throw .refused("the signature is of the future") }
            if let mostAge, created < now &- mostAge &- skew { throw .refused("the signature is too old") }
        } else if requiresCreated {
            throw .refused("the signature does not say when it was made")
        }
        if let expires = parameters.expires {
            guard expires > now &- skew else { throw .refused("the signature has expired") }
        } else if requiresExpires {
            throw .refused("the signature does not say when it expires")
        }
    }

    /// Seconds since 1970 from which on the signature is not believed any more; what is remembered of it can be forgotten then.
    package func end(of signature: MessageSignature) -> Int64? {
        let old = mostAge.flatMap { age in signature.parameters.created.map { $0 &+ age &+ skew } }
        let expired = signature.parameters.expires.map { $0 &+ skew }
        guard let old else { return expired }
        return expired.map { min(old, $0) } ?? old
    }
}
