import GatewayCore
import Identity
import Model
import PolicyKit
import Primitives
import Schema

/// Statements that say who the gateway is, signed with its own key (RFC 7523 §3).
struct ClientAssertion: Sendable {
    private let client: String
    private let audience: String
    private let key: SigningKey
    /// Seconds that a statement counts: as long as a question takes.
    private static let lifetime = 60

    init(_ config: OAuth2Introspection.Config) throws(PolicyError) {
        guard let file = config.key else {
            throw PolicyError("`private-key-jwt` needs `key`", at: config.$authentication.position, path: "key")
        }
        guard let pem = TextFile.read(file.path) else {
            throw PolicyError("\(file.name) can't be read", at: config.$key.position, path: "key")
        }
        do throws(KeyError) {
            key = try SigningKey(pem: pem, kid: config.keyId)
        } catch {
            throw PolicyError("\(file.name): \(error)", at: config.$key.position, path: "key")
        }
        client = config.clientId
        audience = config.assertionAudience ?? config.url.description
    }

    /// A statement that was never made before, as parameters of a request.
    func parameters(now: Int) throws(KeyError) -> [(name: String, value: [UInt8])] {
        let id = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let claims: JSON = [
            "iss": .string(client), "sub": .string(client), "aud": .string(audience), "jti": .string(id), "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + ClientAssertion.lifetime)),
        ]
        let assertion = try JSONWebToken.make(claims: claims, key: key)
        return [
            ("client_id", Array(client.utf8)), ("client_assertion_type", Array("urn:ietf:params:oauth:client-assertion-type:jwt-bearer".utf8)),
            ("client_assertion", Array(assertion.utf8)),
        ]
    }
}
