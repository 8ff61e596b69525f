import GatewayCore
import Identity
import Model
import PolicyKit
import Schema

/// The keys of an issuer: written down, or published by it.
enum TokenKeys: Sendable {
    case fixed(VerifyingKeys)
    case published(Refreshed<VerifyingKeys>)

    /// Nil while they were never loaded.
    var current: VerifyingKeys? {
        switch self {
        case .fixed(let keys): keys
        case .published(let document): document.value
        }
    }

    var document: Refreshed<VerifyingKeys>? {
        if case .published(let document) = self { document } else { nil }
    }
}

extension TokenKeySettings {
    func verifyingKey(_ allowed: [SignatureAlgorithm]?) throws(KeyError) -> VerifyingKey {
        let wanted = algorithm.map { [$0] } ?? allowed
        switch (secret, secretBase64, pem) {
        case (let secret?, nil, nil): return try VerifyingKey(JSONWebKey(.secret(Array(secret.text.utf8)), kid: kid), algorithms: wanted)
        case (nil, let text?, nil):
            return try VerifyingKey(JSONWebKey(.secret(try TokenKeys.secret(text)), kid: kid), algorithms: wanted)
        case (nil, nil, let pem?): return try VerifyingKey(pem: pem.text, kid: kid, algorithms: wanted)
        default: throw KeyError("a key has exactly one of `secret`, `secretBase64` and `pem`")
        }
    }
}

extension TokenDecryptionKeySettings {
    func decryptionKey() throws(KeyError) -> DecryptionKey {
        switch (secretBase64, pem) {
        case (let text?, nil):
            return try DecryptionKey(JSONWebKey(.secret(try TokenKeys.secret(text)), kid: kid, algorithm: algorithm?.rawValue))
        case (nil, let pem?): return try DecryptionKey(pem: pem.text, kid: kid, algorithm: algorithm)
        default: throw KeyError("a key has exactly one of `secretBase64` and `pem`")
        }
    }
}

extension TokenKeys {
    /// Padding may stand there or not.
    fileprivate static func secret(_ text: SecretText) throws(KeyError) -> [UInt8] {
        var digits = Substring(text.text)
        while digits.hasSuffix("=") { digits.removeLast() }
        guard let bytes = Base64URL.decode(String(digits)) else { throw KeyError("`secretBase64` is no base64url") }
        return bytes
    }
}
