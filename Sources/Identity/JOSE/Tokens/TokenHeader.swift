package import Primitives

/// The protected header of a token (RFC 7515 §4, RFC 7516 §4). Keys, certificates and URLs that it brings along (`jwk`, `x5c`, `jku`,
/// `x5u`) are never looked at (RFC 8725 §3.10).
package struct TokenHeader: Sendable, Equatable {
    package let members: JSONObject
    package let algorithm: String
    package let kid: String?
    package let type: String?
    package let contentType: String?
    /// `enc`; nil for a signed token.
    package let encryption: String?

    private static let limits = JSONLimits(depth: 8, bytes: 16 << 10, values: 500)

    /// - Parameter encoded: as it stands in the token.
    init(parsing encoded: ByteView) throws(TokenFlaw) {
        guard let bytes = Base64URL.decode(encoded) else { throw .headerEncoding }
        guard let json = try? JSON.parse(bytes, limits: TokenHeader.limits), case .object(let object) = json else { throw .headerJSON }
        func text(_ name: String) throws(TokenFlaw) -> String? {
            guard let value = object[name] else { return nil }
            guard let text = value.string else { throw .headerMember(name) }
            return text
        }
        members = object
        guard let algorithm = try text("alg") else { throw .headerMember("alg") }
        self.algorithm = algorithm
        kid = try text("kid")
        type = try text("typ")
        contentType = try text("cty")
        encryption = try text("enc")
        try checkCritical()
    }

    /// No extension is known here, so a header that demands one is refused (RFC 7515 §4.1.11). `b64` would have to be demanded, and
    /// changes what is signed (RFC 7797 §6).
    private func checkCritical() throws(TokenFlaw) {
        if members["crit"] == nil, members["b64"] != nil { throw .criticalUnknown("b64") }
        guard let value = members["crit"] else { return }
        guard let names = value.strings, let first = names.first, Set(names).count == names.count else { throw .critical }
        throw .criticalUnknown(first)
    }

    /// The media type that `typ` or `cty` names, in lower case and without `application/` (RFC 7515 §4.1.9).
    static func mediaType(_ text: String) -> String {
        let name = text.lowercased()
        return name.hasPrefix("application/") && !name.dropFirst(12).contains("/") ? String(name.dropFirst(12)) : name
    }
}
