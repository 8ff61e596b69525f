package import Primitives

/// What a token says of who may use it: the claim `cnf` (RFC 7800).
package struct TokenBinding: Equatable, Sendable {
    /// SHA-256 of the certificate that its user shows (`x5t#S256`, RFC 8705 §3.1).
    package var certificate: [UInt8]?
    /// SHA-256 thumbprint of the key that its user proves to have (`jkt`, RFC 9449 §6.1).
    package var key: [UInt8]?
    /// It is bound to something that is not known here, so nobody can prove to be its user.
    package var isUnknown = false

    package init() {}

    /// - Parameter claims: of a verified token, or what its introspection has said. Nil: anybody who has the token may use it.
    package init?(_ claims: JSONObject) {
        guard let confirmation = claims["cnf"] else { return nil }
        // Members that are not known are ignored (RFC 7800 §3.1), but not all of them.
        for (name, value) in confirmation.object?.members ?? [] where name == "x5t#S256" || name == "jkt" {
            guard let digest = value.string.flatMap({ Base64URL.decode($0) }), digest.count == 32 else {
                isUnknown = true
                continue
            }
            if name == "jkt" { key = digest } else { certificate = digest }
        }
        if certificate == nil, key == nil { isUnknown = true }
    }
}
