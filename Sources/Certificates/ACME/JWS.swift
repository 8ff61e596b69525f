internal import Identity
internal import Primitives

/// What ACME sends: JSON Web Signatures in the flattened form (RFC 7515 §7.2.2, RFC 8555 §6.2).
enum JWS {
    /// Who signs.
    enum Identity {
        /// The key itself, as long as there is no account.
        case key(JSON)
        /// The URL of the account.
        case account(String)
    }

    /// Signed with ES256. Without a payload this is what stands for GET (RFC 8555 §6.3).
    static func sign(_ payload: JSON?, for url: String, nonce: String, by identity: Identity, key: PrivateKey) throws(CryptoFailure) -> [UInt8] {
        var header: JSONObject = ["alg": "ES256", "nonce": .string(nonce), "url": .string(url)]
        switch identity {
        case .key(let jwk): header["jwk"] = jwk
        case .account(let url): header["kid"] = .string(url)
        }
        return try flatten(header, payload?.bytes ?? []) { (input) throws(CryptoFailure) in try key.signES256(input) }.bytes
    }

    /// The proof that whoever makes an account has one with the authority already (RFC 8555 §7.3.4).
    static func bind(_ jwk: JSON, to account: ExternalAccount, url: String) throws(CryptoFailure) -> JSON {
        let header: JSONObject = ["alg": "HS256", "kid": .string(account.keyID), "url": .string(url)]
        return try flatten(header, jwk.bytes) { (input) throws(CryptoFailure) in try HMAC.sha256(key: account.macKey, input) }
    }

    private static func flatten(
        _ header: JSONObject, _ payload: [UInt8], _ sign: ([UInt8]) throws(CryptoFailure) -> [UInt8]
    ) throws(CryptoFailure) -> JSON {
        let protected = Base64URL.encode(JSON.object(header).bytes), payload = Base64URL.encode(payload)
        let signature = try sign(Array("\(protected).\(payload)".utf8))
        return ["protected": .string(protected), "payload": .string(payload), "signature": .string(Base64URL.encode(signature))]
    }
}

/// An account outside of ACME that an account of ACME belongs to.
package struct ExternalAccount: Sendable, Equatable {
    package var keyID: String
    package var macKey: [UInt8]

    package init(keyID: String, macKey: [UInt8]) {
        self.keyID = keyID
        self.macKey = macKey
    }

    /// Nil when `macKey` is no base64url text. Some authorities hand it out with padding.
    package init?(keyID: String, encodedKey: String) {
        let text = encodedKey.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard let key = Base64URL.decode(String(decoding: text, as: UTF8.self)), !key.isEmpty else { return nil }
        self.init(keyID: keyID, macKey: key)
    }
}
