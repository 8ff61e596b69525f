import Primitives

extension TokenServer {
    /// What a user has let a client have before.
    package func consent(user: String, client: String, now: Int) throws(OAuthError) -> ScopeList {
        let key = try consentKey(user, client)
        let record = try stored { () throws(GrantStoreError) in try store.record(key, now: now) }
        return record?.value.string.flatMap(ScopeList.init(parsing:)) ?? ScopeList()
    }

    /// Remembers it for as long as a grant may last.
    package func remember(consent scopes: ScopeList, user: String, client: String, now: Int) throws(OAuthError) {
        let key = try consentKey(user, client)
        let expires = now + settings.refresh.total
        try stored { () throws(GrantStoreError) in
            try store.update(key, now: now) { record in
                let before = record?.value.string.flatMap(ScopeList.init(parsing:)) ?? ScopeList()
                record = GrantRecord(.string(before.union(scopes).text), expires: expires)
            }
        }
    }

    private func consentKey(_ user: String, _ client: String) throws(OAuthError) -> GrantKey {
        // Both may hold any characters: a NUL keeps them apart, which no setting has.
        GrantKey(.consent, try random { () throws(CryptoError) in try OpaqueToken.hash("\(user)\u{0}\(client)") })
    }

    /// Random bytes that stay the same as long as the store does.
    package func secret(_ name: String, now: Int) throws(OAuthError) -> [UInt8] {
        let fresh = try random { () throws(CryptoError) in try OpaqueToken.make() }
        let text = try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.secret, name), now: now) { record in
                let text = record?.value.string ?? fresh
                if record == nil { record = GrantRecord(.string(text), expires: .max) }
                return text
            }
        }
        return Array(text.utf8)
    }
}
