import GatewayCore
import Primitives

/// What a provider says of itself (OpenID Connect Discovery §3), as far as it is used here.
struct ProviderMetadata: Sendable {
    let authorization: String
    let token: CalloutURL
    let keys: CalloutURL
    let endSession: String?
    /// It names itself in its answers (RFC 9207), so an answer that does not is none of its.
    let namesItself: Bool
    let takesBasic: Bool

    enum Flaw: String, Error, Sendable {
        case json = "its metadata are no JSON"
        case issuer = "its metadata name another issuer"
        case endpoints = "its metadata lack an endpoint, or have one without https"
        case challenge = "it does not support PKCE with S256"
    }

    /// - Parameter issuer: as it is configured; endpoints of an `https` one are `https` too.
    init(_ body: [UInt8], issuer: String) throws(Flaw) {
        guard let json = try? JSON.parse(body) else { throw .json }
        guard json["issuer"]?.string == issuer else { throw .issuer }
        func url(_ name: String) -> CalloutURL? {
            guard let url = json[name]?.string.flatMap({ try? CalloutURL(parsing: $0) }), url.isSecure || !issuer.hasPrefix("https:") else {
                return nil
            }
            return url
        }
        guard url("authorization_endpoint") != nil, let authorization = json["authorization_endpoint"]?.string,
            let token = url("token_endpoint"), let keys = url("jwks_uri")
        else { throw .endpoints }
        // Providers that do not say anything may well support it, and then it protects.
        if let methods = json["code_challenge_methods_supported"]?.strings, !methods.contains("S256") { throw .challenge }
        self.authorization = authorization
        self.token = token
        self.keys = keys
        endSession = url("end_session_endpoint") == nil ? nil : json["end_session_endpoint"]?.string
        namesItself = json["authorization_response_iss_parameter_supported"]?.bool ?? false
        let methods = json["token_endpoint_auth_methods_supported"]?.strings ?? ["client_secret_basic"]
        takesBasic = methods.contains("client_secret_basic") || !methods.contains("client_secret_post")
    }
}
