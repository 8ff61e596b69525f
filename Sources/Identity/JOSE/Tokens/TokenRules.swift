package import Primitives

/// What claims must say (RFC 7519 §4.1, RFC 8725, RFC 9068 §4).
package struct TokenRules: Sendable, Equatable {
    /// `iss` must be one of them; empty: whoever the keys belong to.
    package var issuers: [String] = []
    /// `aud` must name one of them; empty: it is not looked at.
    package var audiences: [String] = []
    /// What `typ` may say, as media types in lower case without `application/`; an empty text: nothing. Tokens for other purposes, such as
    /// `dpop+jwt` and `logout+jwt`, are not for here (RFC 8725 §3.11).
    package var types: [String] = ["jwt", "at+jwt", ""]
    /// Claims that must be there, whatever they say.
    package var required: [String] = []
    /// Claims that must have one of these values, or hold one in their list.
    package var values: [(claim: String, oneOf: [JSON])] = []
    /// All of them must be in `scope` or `scp`.
    package var scopes: [String] = []
    /// By how many seconds clocks may differ.
    package var clockSkew = 0
    /// Tokens without `exp` are refused.
    package var requiresExpiry = true
    /// Seconds since `iat`, which then must be there.
    package var mostAge: Int?

    package init() {}

    package static func == (a: TokenRules, b: TokenRules) -> Bool {
        a.issuers == b.issuers && a.audiences == b.audiences && a.types == b.types && a.required == b.required && a.scopes == b.scopes
            && a.clockSkew == b.clockSkew && a.requiresExpiry == b.requiresExpiry && a.mostAge == b.mostAge
            && a.values.elementsEqual(b.values) { $0.claim == $1.claim && $0.oneOf == $1.oneOf }
    }

    /// - Parameter now: seconds of the Unix clock.
    /// - Returns: the second from which on the token counts no more; nil: it does not end.
    package func check(_ claims: JSONObject, type: String?, now: Int) throws(TokenFlaw) -> Int? {
        guard types.contains(type.map(TokenHeader.mediaType) ?? "") else { throw .type }
        if let flaw = required.first(where: { claims[$0] == nil }) { throw .claimMissing(flaw) }
        if !issuers.isEmpty {
            guard let issuer = try claims.text("iss") else { throw .claimMissing("iss") }
            guard issuers.contains(where: { $0.isSame(as: issuer) }) else { throw .issuer }
        }
        try checkAudience(claims)
        let end = try checkTimes(claims, now: now)
        for (claim, oneOf) in values {
            guard let value = claims[claim] else { throw .claimMissing(claim) }
            guard TokenRules.holds(value, oneOf) else { throw .claimValue(claim) }
        }
        if !scopes.isEmpty {
            let given = Set(try claims.scopes())
            if let missing = scopes.first(where: { !given.contains($0) }) { throw .scopeMissing(missing) }
        }
        return end
    }

    private func checkAudience(_ claims: JSONObject) throws(TokenFlaw) {
        guard let value = claims["aud"] else {
            guard audiences.isEmpty else { throw .claimMissing("aud") }
            return
        }
        guard let named = value.string.map({ [$0] }) ?? value.strings else { throw .claimType("aud") }
        guard audiences.isEmpty || named.contains(where: { one in audiences.contains { $0.isSame(as: one) } }) else { throw .audience }
    }

    private func checkTimes(_ claims: JSONObject, now: Int) throws(TokenFlaw) -> Int? {
        let expiry = try claims.date("exp"), start = try claims.date("nbf"), issued = try claims.date("iat")
        if requiresExpiry, expiry == nil { throw .claimMissing("exp") }
        var end = expiry.map { $0 + clockSkew }
        if let end, now >= end { throw .expired }
        if let start, now < start - clockSkew { throw .notYetValid }
        if let issued, now < issued - clockSkew { throw .issuedInFuture }
        if let mostAge {
            guard let issued else { throw .claimMissing("iat") }
            let last = issued + mostAge + clockSkew
            if now >= last { throw .tooOld }
            end = min(end ?? last, last)
        }
        return end
    }

    private static func holds(_ value: JSON, _ oneOf: [JSON]) -> Bool {
        if let list = value.array, list.contains(where: { element in oneOf.contains { $0.isSame(as: element) } }) { return true }
        return oneOf.contains { $0.isSame(as: value) }
    }
}

extension String {
    /// The same bytes. Strings are also equal when they only look the same, so one user could be registered with another's name.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension JSON {
    fileprivate func isSame(as other: JSON) -> Bool {
        if case .string(let a) = self, case .string(let b) = other { return a.isSame(as: b) }
        return self == other
    }
}
