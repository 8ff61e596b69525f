package import Primitives

/// Registered claims, by their types.
extension JSONObject {
    /// Nil when it is not there.
    package func text(_ claim: String) throws(TokenFlaw) -> String? {
        guard let value = self[claim] else { return nil }
        guard let text = value.string else { throw .claimType(claim) }
        return text
    }

    /// A time in whole seconds of the Unix clock (`NumericDate`, RFC 7519 §2).
    package func date(_ claim: String) throws(TokenFlaw) -> Int? {
        guard let value = self[claim] else { return nil }
        // Nobody's clock needs more digits, and sums with them can't overflow.
        guard let number = value.number, number.text.utf8.count <= 32, let seconds = value.double, seconds.magnitude < 9e15 else {
            throw .claimType(claim)
        }
        return Int(seconds.rounded(.down))
    }

    /// What the bearer may do: `scope`, separated by spaces (RFC 8693 §4.2), or `scp`, which issuers write as text or as list.
    package func scopes() throws(TokenFlaw) -> [String] {
        var scopes: [String] = []
        for claim in ["scope", "scp"] {
            guard let value = self[claim] else { continue }
            if let text = value.string {
                scopes += text.split(separator: " ").map { String($0) }
            } else if let list = value.strings {
                scopes += list
            } else {
                throw .claimType(claim)
            }
        }
        return scopes
    }
}
