import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// The issuer's endpoint, and how the gateway proves who it is there.
struct IntrospectionEndpoint: Sendable {
    private enum Proof: Sendable {
        /// The fields of every question say it.
        case header
        /// Parameters of every question say it.
        case parameters([UInt8])
        /// A statement of its own with every question (RFC 7523 §2.2).
        case assertion(ClientAssertion)
    }

    private let service: DecisionService
    private let proof: Proof

    init(_ config: OAuth2Introspection.Config, _ context: PolicyContext) throws(PolicyError) {
        var headers: FieldList = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        switch config.authentication {
        case .basic:
            let secret = try IntrospectionEndpoint.secret(config)
            // Both are form-encoded first (RFC 6749 §2.3.1).
            let pair = FormText.encode(Array(config.clientId.utf8)) + [UInt8(ascii: ":")] + FormText.encode(Array(secret.utf8))
            let encoded = ByteBuffer(capacity: 2 * pair.count)
            pair.withView { Base64.encode($0, into: encoded) }
            headers.append(("authorization", "Basic \(encoded.view.string)"))
            proof = .header
        case .post:
            let secret = try IntrospectionEndpoint.secret(config)
            proof = .parameters(FormText.body([("client_id", Array(config.clientId.utf8)), ("client_secret", Array(secret.utf8))]))
        case .privateKeyJWT: proof = .assertion(try ClientAssertion(config))
        }
        service = try DecisionService(config.url, timeout: config.timeout, tls: config.tls, context, headers: headers)
    }

    private static func secret(_ config: OAuth2Introspection.Config) throws(PolicyError) -> String {
        guard let secret = config.clientSecret else {
            throw PolicyError("`\(config.authentication.rawValue)` needs `clientSecret`", at: config.$authentication.position, path: "clientSecret")
        }
        return secret.text
    }

    /// What the issuer says of a token: an object.
    func ask(_ token: [UInt8], now: Int, on loop: EventLoop) async -> Result<JSONObject, GatewayError> {
        var callout = service.question
        callout.method = "POST"
        callout.body = FormText.body([("token", token), ("token_type_hint", Array("access_token".utf8))])
        switch proof {
        case .header: break
        case .parameters(let parameters): callout.body += [UInt8(ascii: "&")] + parameters
        case .assertion(let assertion):
            do throws(KeyError) {
                callout.body += [UInt8(ascii: "&")] + FormText.body(try assertion.parameters(now: now))
            } catch {
                return .failure(GatewayError(.identityUnavailable, .gateway, "The statement for the issuer can't be signed: \(error)."))
            }
        }
        return await service.ask(callout, on: loop).flatMap(IntrospectionEndpoint.read)
    }

    private static func read(_ response: FetchResponse) -> Result<JSONObject, GatewayError> {
        // 401 and 403 mean the gateway, not the token (RFC 7662 §2.3).
        guard response.status == 200 else {
            return .failure(GatewayError(.upstreamBadResponse, .upstream, "The issuer answered \(response.status)."))
        }
        guard let answer = (try? JSON.parse(response.body))?.object, answer["active"]?.bool != nil else {
            return .failure(GatewayError(.upstreamBadResponse, .upstream, "The issuer's answer does not say whether the token is active."))
        }
        return .success(answer)
    }
}
