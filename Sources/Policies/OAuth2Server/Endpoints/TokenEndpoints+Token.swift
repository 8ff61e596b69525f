import Identity
import Primitives

/// The endpoints that clients ask themselves.
extension TokenEndpoints {
    /// RFC 6749 §3.2.
    func token(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let (form, credentials) = try clientRequest(request)
        guard let type = form["grant_type"] else { throw OAuthError(.invalidRequest, "grant_type is missing.") }
        guard let grant = GrantType(rawValue: type) else { throw OAuthError(.unsupportedGrantType, "This grant_type is not supported.") }
        let now = request.now
        let tokens = try await decide { (server) throws(OAuthError) -> IssuedTokens in
            let client = try server.authenticate(client: credentials.id, secret: credentials.secret)
            func required(_ name: String) throws(OAuthError) -> String {
                guard let value = form[name] else { throw OAuthError(.invalidRequest, "\(name) is missing.") }
                return value
            }
            switch grant {
            case .clientCredentials: return try server.clientCredentials(client, scope: form["scope"], now: now)
            case .authorizationCode:
                return try server.redeem(
                    code: try required("code"), client, redirectURI: form["redirect_uri"], verifier: form["code_verifier"], now: now)
            case .refreshToken: return try server.refresh(try required("refresh_token"), client, scope: form["scope"], now: now)
            case .deviceCode: return try server.redeem(deviceCode: try required("device_code"), client, now: now)
            }
        }
        return .json(tokens.json)
    }

    /// RFC 8628 §3.1.
    func deviceAuthorization(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let (form, credentials) = try clientRequest(request)
        guard throttle.mayBegin(from: request) else {
            throw OAuthError(.temporarilyUnavailable, "Too many devices begin from this address; try again later.")
        }
        let now = request.now
        let device = try await decide { (server) throws(OAuthError) in
            try server.authorizeDevice(
                try server.authenticate(client: credentials.id, secret: credentials.secret), scope: form["scope"], now: now)
        }
        let page = paths.url(.device)
        return .json([
            "device_code": .string(device.deviceCode), "user_code": .string(device.userCode), "verification_uri": .string(page),
            "verification_uri_complete": .string("\(page)?user_code=\(device.userCode)"), "expires_in": .number(JSONNumber(device.lifetime)),
            "interval": .number(JSONNumber(device.interval)),
        ])
    }

    /// RFC 7009 §2.
    func revoke(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let (form, credentials) = try clientRequest(request)
        guard let token = form["token"] else { throw OAuthError(.invalidRequest, "token is missing.") }
        let now = request.now
        try await decide { (server) throws(OAuthError) in
            try server.revoke(token, try server.authenticate(client: credentials.id, secret: credentials.secret), now: now)
        }
        return ServerReply(status: 200, fields: [(name: "cache-control", value: "no-store")], body: [])
    }

    /// RFC 7662 §2.
    func introspect(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let (form, credentials) = try clientRequest(request)
        guard let token = form["token"] else { throw OAuthError(.invalidRequest, "token is missing.") }
        let now = request.now
        return .json(
            try await decide { (server) throws(OAuthError) in
                try server.introspect(token, try server.authenticate(client: credentials.id, secret: credentials.secret), now: now)
            })
    }

    /// OpenID Connect Core §5.3.
    func userInfo(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        guard let field = request.authorization, field.lowercased().hasPrefix("bearer ") else {
            return ServerReply(status: 401, fields: [(name: "www-authenticate", value: "Bearer")], body: [])
        }
        let token = String(field.dropFirst(7)), now = request.now
        let claims = try await decide { (server) throws(OAuthError) -> JSON? in
            guard let claims = try server.verify(accessToken: token, now: now), let subject = claims["sub"]?.string,
                let scopes = claims["scope"]?.string.flatMap(ScopeList.init(parsing:)), scopes.contains("openid"),
                let user = server.user(subject: subject)
            else { return nil }
            var result = user.claims(for: scopes)
            result["sub"] = .string(subject)
            return .object(result)
        }
        guard let claims else {
            return ServerReply(status: 401, fields: [(name: "www-authenticate", value: "Bearer error=\"invalid_token\"")], body: [])
        }
        return .json(claims)
    }

    private struct ClientCredentials: Sendable {
        let id: String?
        let secret: String?
    }

    /// The form of a request, and who the client says that it is, in one way and no other (RFC 6749 §2.3).
    private func clientRequest(_ request: ServerRequest) throws(OAuthError) -> (FormFields, ClientCredentials) {
        guard let form = request.form else {
            throw OAuthError(.invalidRequest, "The body is no form (application/x-www-form-urlencoded), or a field comes twice.")
        }
        guard let field = request.authorization else {
            return (form, ClientCredentials(id: form["client_id"], secret: form["client_secret"]))
        }
        guard let basic = TokenEndpoints.basic(field) else { throw OAuthError(.invalidClient, "The Authorization field is malformed.") }
        guard form["client_secret"] == nil, form["client_id"] ?? basic.id == basic.id else {
            throw OAuthError(.invalidRequest, "The client names itself in two ways.")
        }
        return (form, ClientCredentials(id: basic.id, secret: basic.secret))
    }

    /// Id and secret are encoded like fields of a form before they are joined (RFC 6749 §2.3.1).
    private static func basic(_ field: String) -> (id: String, secret: String)? {
        let scratch = ByteBuffer()
        guard let parsed = field.withView({ BasicCredentials.parse($0, into: scratch) }) else { return nil }
        func decoded(_ range: Range<Int>) -> String? {
            let text = scratch.view(range).string
            guard !text.contains("&"), !text.contains("=") else { return text }
            return FormFields(parsing: "v=\(text)")?["v"]
        }
        guard let id = decoded(parsed.user), let secret = decoded(parsed.password) else { return nil }
        return (id, secret)
    }
}
