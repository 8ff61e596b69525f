package import Primitives

/// Claims as a signed text (RFC 7519).
package enum JSONWebToken {
    private static let limits = JSONLimits(depth: 16, bytes: 64 << 10, values: 5_000)

    /// A signed token in its compact form.
    ///
    /// - Parameters:
    ///   - claims: an object.
    ///   - header: beside `alg`, `kid` (the key's own, unless it stands here) and `typ` (`JWT`, unless it stands here).
    ///   - algorithm: nil: the key's first.
    package static func make(
        claims: JSON, header: JSONObject = JSONObject(), key: SigningKey, algorithm: SignatureAlgorithm? = nil
    ) throws(KeyError) -> String {
        var header = header
        if header["typ"] == nil { header["typ"] = "JWT" }
        return try sign(claims.bytes, header: header, key: key, algorithm: algorithm)
    }

    /// The same of any bytes (RFC 7515 §7.1), without a `typ` of its own.
    package static func sign(
        _ payload: [UInt8], header: JSONObject = JSONObject(), key: SigningKey, algorithm: SignatureAlgorithm? = nil
    ) throws(KeyError) -> String {
        guard let algorithm = algorithm ?? key.algorithms.first else { throw KeyError("the key is for no algorithm") }
        var members: JSONObject = ["alg": .string(algorithm.rawValue)]
        if let kid = key.kid { members["kid"] = .string(kid) }
        for (name, value) in header.members where name != "alg" { members[name] = value }
        let input = Base64URL.encode(JSON.object(members).bytes) + "." + Base64URL.encode(payload)
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8), algorithm: algorithm))
    }

    static func claims(_ payload: [UInt8]) throws(TokenFlaw) -> JSONObject {
        guard let json = try? JSON.parse(payload, limits: limits), case .object(let claims) = json else { throw .claimsJSON }
        return claims
    }
}
