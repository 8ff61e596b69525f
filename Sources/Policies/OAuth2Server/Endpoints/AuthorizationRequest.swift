import Identity

/// What a client asks for by sending a browser here (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).
struct AuthorizationRequest: Sendable {
    let client: OAuthClient
    let redirectURI: String
    let scopes: ScopeList
    let state: String?
    let nonce: String?
    let challenge: String
    let prompts: Set<String>
    /// Seconds.
    let maxAge: Int?
    let loginHint: String?

    enum Failure: Error, Sendable {
        /// Whoever asked can't be told: the page says it to the person.
        case page(OAuthError)
        case redirect(OAuthError, to: String, state: String?)
    }

    init(_ fields: FormFields?, _ server: TokenServer) throws(Failure) {
        guard let fields else { throw .page(OAuthError(.invalidRequest, "The request is malformed, or a parameter comes twice.")) }
        guard let client = fields["client_id"].flatMap(server.client) else {
            throw .page(OAuthError(.invalidClient, "The application is not known here."))
        }
        guard let uri = fields["redirect_uri"], client.redirectURIs.contains(where: { $0.matches(uri) }) else {
            throw .page(OAuthError(.invalidRequest, "The application has not registered the address that it wants you to be sent to."))
        }
        let state = fields["state"]
        func refusal(_ code: OAuthError.Code, _ detail: String) -> Failure { .redirect(OAuthError(code, detail), to: uri, state: state) }
        guard client.grants.contains(.authorizationCode) else { throw refusal(.unauthorizedClient, "The client may not ask for codes.") }
        guard fields["response_type"] == "code" else { throw refusal(.unsupportedResponseType, "Only response_type=code is supported.") }
        guard fields["response_mode"] ?? "query" == "query" else { throw refusal(.invalidRequest, "Only response_mode=query is supported.") }
        guard fields["request"] == nil else { throw refusal(.requestNotSupported, "Request objects are not supported.") }
        guard fields["request_uri"] == nil else { throw refusal(.requestURINotSupported, "request_uri is not supported.") }
        guard let challenge = fields["code_challenge"], fields["code_challenge_method"] == "S256", ProofKey.isChallenge(challenge) else {
            throw refusal(.invalidRequest, "A code_challenge with code_challenge_method=S256 is required.")
        }
        let prompts = Set((fields["prompt"] ?? "").split(separator: " ").map(String.init))
        guard !prompts.contains("none") || prompts.count == 1 else { throw refusal(.invalidRequest, "prompt=none stands alone.") }
        let maxAge = fields["max_age"]
        if let maxAge, Int(maxAge).map({ $0 < 0 }) ?? true { throw refusal(.invalidRequest, "max_age is a number of seconds.") }
        do throws(OAuthError) {
            scopes = try server.scopes(fields["scope"], for: client)
        } catch {
            throw .redirect(error, to: uri, state: state)
        }
        self.client = client
        redirectURI = uri
        self.state = state
        nonce = fields["nonce"]
        self.challenge = challenge
        self.prompts = prompts
        self.maxAge = maxAge.flatMap { Int($0) }
        loginHint = fields["login_hint"]
    }

    /// Whether a login counts for this request. Coming back from the login itself takes a moment, so that `max_age=0` can be met at all.
    func accepts(_ session: LoginSession, now: Int) -> Bool {
        !prompts.contains("login") && maxAge.map { now - session.authTime <= max($0, 10) } ?? true
    }

    /// Whether a person has to be asked, though they have let the client have `known` before.
    func needsConsent(_ known: ScopeList) -> Bool {
        if client.isTrusted { return false }
        // Anybody on a machine can pose as an app that can't prove who it is (RFC 8252 §8.6).
        return prompts.contains("consent") || !scopes.isSubset(of: known) || client.isPublic && !redirectURI.hasPrefix("https:")
    }

    /// Where people are told that they will be sent.
    var host: String {
        guard let start = redirectURI.firstRange(of: "://") else { return String(redirectURI.prefix { $0 != ":" }) }
        return String(redirectURI[start.upperBound...].prefix { $0 != "/" && $0 != "?" })
    }
}
