import GatewayCore
import Identity
import Primitives
import SharedState

/// The endpoints of a token server: turns requests into what the server decides, and that into answers.
final class TokenEndpoints: Sendable {
    let server: TokenServer
    let pages: SignInPages
    let paths: EndpointPaths
    let accounts: LoginAccounts
    let throttle: LoginThrottle
    let seal: CookieSeal
    let forms: FormGuard
    let cookies: ServerCookies
    /// Seconds that a login lasts.
    let loginLifetime: Int
    /// Where clients want to hear that somebody has logged out, by their id.
    let logoutURLs: [String: CalloutURL]
    let callouts: any CalloutClient
    let security: (any FetchSecurity)?
    private let worker: SerialWorker

    /// - Parameters:
    ///   - secrets: of cookies, newest first; there is at least one.
    ///   - security: of `https` among the clients' URLs.
    init(
        _ server: TokenServer, paths: EndpointPaths, pages: SignInPages, accounts: LoginAccounts, throttle: LoginThrottle, loginLifetime: Int,
        secrets: [[UInt8]], worker: SerialWorker, logoutURLs: [String: CalloutURL], callouts: any CalloutClient, security: (any FetchSecurity)?
    ) throws(CryptoError) {
        self.logoutURLs = logoutURLs
        self.callouts = callouts
        self.security = security
        self.server = server
        self.paths = paths
        self.pages = pages
        self.accounts = accounts
        self.throttle = throttle
        self.loginLifetime = loginLifetime
        self.worker = worker
        cookies = ServerCookies(isSecure: paths.isSecure)
        seal = try CookieSeal(secrets: secrets, purpose: "login")
        forms = try FormGuard(secret: secrets.first ?? [], origin: paths.origin, cookies: cookies)
    }

    var cookieNames: [String] { [forms.cookie, cookies.name(LoginSession.name)] }

    func answer(_ endpoint: Endpoint, _ request: ServerRequest) async -> ServerReply {
        guard endpoint.methods.contains(request.method) else { return .notAllowed(endpoint.allow) }
        do throws(OAuthError) {
            switch endpoint {
            case .metadata, .openIDConfiguration: return .document(metadata, maxAge: 3600)
            case .keys: return try await keySet(request)
            case .authorize: return try await authorize(request)
            case .token: return try await token(request)
            case .deviceAuthorization: return try await deviceAuthorization(request)
            case .device: return try await device(request)
            case .revoke: return try await revoke(request)
            case .introspect: return try await introspect(request)
            case .userInfo: return try await userInfo(request)
            case .logout: return try await logout(request)
            }
        } catch {
            return endpoint.isForPeople ? .page(pages.message("That did not work", error.detail), status: error.status) : refusal(error, request)
        }
    }

    /// Decides something off the event loops.
    func decide<R: Sendable>(_ body: @escaping @Sendable (TokenServer) throws(OAuthError) -> R) async throws(OAuthError) -> R {
        let result: Result<R, OAuthError>? = await worker.run { [server] in Result { () throws(OAuthError) in try body(server) } }
        guard let result else { throw OAuthError(.temporarilyUnavailable, "Too many requests wait at the moment; try again shortly.") }
        return try result.get()
    }

    /// A client that has shown its secret in `Authorization` is told so (RFC 6749 §5.2).
    private func refusal(_ error: OAuthError, _ request: ServerRequest) -> ServerReply {
        let reply = ServerReply.error(error)
        return error.code == .invalidClient ? reply.adding("www-authenticate", "Basic realm=\"\(server.settings.issuer)\"") : reply
    }

    private func keySet(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let now = request.now
        let keys = try await decide { (server) throws(OAuthError) in
            do throws(KeyRingError) {
                return try server.keys.publicKeys(now: now)
            } catch {
                throw OAuthError(.serverError, "The server can't read its keys.")
            }
        }
        // Shorter than a key is published ahead of its first signature.
        return .document(keys.publicJSON, maxAge: min(3600, server.settings.keyAhead / 2))
    }

    /// RFC 8414 §2, OpenID Connect Discovery §3.
    private var metadata: JSON {
        let scopes = server.scopesOfClients.names
        return [
            "issuer": .string(server.settings.issuer),
            "authorization_endpoint": .string(paths.url(.authorize)),
            "token_endpoint": .string(paths.url(.token)),
            "device_authorization_endpoint": .string(paths.url(.deviceAuthorization)),
            "revocation_endpoint": .string(paths.url(.revoke)),
            "introspection_endpoint": .string(paths.url(.introspect)),
            "userinfo_endpoint": .string(paths.url(.userInfo)),
            "end_session_endpoint": .string(paths.url(.logout)),
            "jwks_uri": .string(paths.url(.keys)),
            "scopes_supported": .array(scopes.map { .string($0) }),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": .array(GrantType.allCases.map { .string($0.rawValue) }),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [.string(server.settings.algorithm.rawValue)],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "preferred_username", "name", "email", "groups"],
            "prompt_values_supported": ["none", "login", "consent"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        ]
    }
}
