import GatewayCore
import Identity
import Primitives
import Reactor
import Synchronization

@testable import Policies

/// A provider as far as a relying party sees it: metadata, keys, and whatever its token endpoint is told to answer.
final class ProviderStandIn: CalloutClient {
    static let issuer = "https://id.example.com"

    private struct State {
        var keys: [SigningKey]
        var answer: (status: Int, json: JSON)?
        var asked: [Callout] = []
    }

    private let state: Mutex<State>

    init() throws { state = Mutex(State(keys: [try ProviderStandIn.key("k1")])) }

    static func key(_ kid: String, _ algorithm: SignatureAlgorithm = .ES256) throws -> SigningKey {
        var jwk = try SigningKey.generate(algorithm).jwk
        jwk.kid = kid
        return try SigningKey(jwk)
    }

    /// Answered by the token endpoint; nil: it can't be reached.
    func answer(_ json: JSON?, status: Int = 200) { state.withLock { $0.answer = json.map { (status: status, json: $0) } } }
    func replaceKeys(by key: SigningKey) { state.withLock { $0.keys = [key] } }
    var key: SigningKey { state.withLock { $0.keys[0] } }
    func asked(_ target: String) -> [Callout] { state.withLock { $0.asked.filter { $0.url.target == target } } }

    func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
        state.withLock { state in
            state.asked.append(callout)
            func json(_ json: JSON, _ status: Int = 200) -> Result<FetchResponse, GatewayError> {
                .success(FetchResponse(status: status, headers: [], body: json.bytes))
            }
            switch callout.url.target {
            case "/.well-known/openid-configuration":
                let at = ProviderStandIn.issuer
                return json([
                    "issuer": .string(at), "authorization_endpoint": .string("\(at)/authorize"), "token_endpoint": .string("\(at)/token"),
                    "jwks_uri": .string("\(at)/jwks"), "end_session_endpoint": .string("\(at)/logout"),
                ])
            case "/jwks": return json(JSONWebKeySet(state.keys.compactMap(\.publicJWK)).publicJSON)
            default:
                guard let answer = state.answer else { return .failure(GatewayError(.upstreamConnectFailed)) }
                return json(answer.json, answer.status)
            }
        }
    }

    func provider(secret: String? = "s&cret") throws -> OIDCProvider {
        let settings = OIDCProvider.Settings(
            name: "p", title: "P", issuer: ProviderStandIn.issuer, clientID: "gate", clientSecret: secret, scopes: ScopeList(["openid"]),
            parameters: [("login_hint", "a@b")], clockSkew: 10)
        let url = try CalloutURL(parsing: "\(ProviderStandIn.issuer)/.well-known/openid-configuration")
        return OIDCProvider(settings, configuration: url, callouts: self, security: nil)
    }
}
