import Identity
import Primitives

/// The page that a client sends browsers to.
extension TokenEndpoints {
    /// RFC 6749 §3.1.
    func authorize(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        do throws(AuthorizationRequest.Failure) {
            let asked = try AuthorizationRequest(request.queryFields, server)
            return try await authorize(request, asked)
        } catch {
            switch error {
            case .page(let error): throw error
            case .redirect(let error, let uri, let state):
                return .redirect(answer([("error", error.code.rawValue), ("error_description", error.detail)], to: uri, state: state))
            }
        }
    }

    private func authorize(
        _ request: ServerRequest, _ asked: AuthorizationRequest
    ) async throws(AuthorizationRequest.Failure) -> ServerReply {
        do throws(OAuthError) {
            if request.method == .post, request.form?["action"] == "login" { return try await login(request, client: asked.client.name) }
            let session = self.session(request)
            guard let session, let user = server.user(subject: session.subject), asked.accepts(session, now: request.now) else {
                if asked.prompts.contains("none") { throw OAuthError(.loginRequired, "The user has to log in.") }
                return try loginPage(request, client: asked.client.name, username: asked.loginHint ?? "")
            }
            let now = request.now
            var isAllowed = false
            if request.method == .post, request.form?["action"] == "consent" {
                guard forms.accepts(request, for: purpose(request, session)) else { throw TokenEndpoints.strangeForm }
                guard request.form?["decision"] == "allow" else { throw OAuthError(.accessDenied, "The user has refused.") }
                try await decide { (server) throws(OAuthError) in
                    try server.remember(consent: asked.scopes, user: user.subject, client: asked.client.id, now: now)
                }
                isAllowed = true
            }
            if !isAllowed {
                let known = try await decide { (server) throws(OAuthError) in
                    try server.consent(user: user.subject, client: asked.client.id, now: now)
                }
                if asked.needsConsent(known) {
                    if asked.prompts.contains("none") { throw OAuthError(.consentRequired, "The user has to allow it.") }
                    return try form(request, for: purpose(request, session)) { form in
                        pages.consent(form, client: asked.client.name, username: user.username, scopes: asked.scopes, host: asked.host)
                    }
                }
            }
            let subject = GrantSubject(
                client: asked.client.id, user: user.subject, scopes: asked.scopes, authTime: session.authTime, session: session.id, nonce: asked.nonce
            )
            let code = try await decide { (server) throws(OAuthError) in
                try server.code(for: subject, redirectURI: asked.redirectURI, challenge: asked.challenge, now: now)
            }
            return .redirect(answer([("code", code)], to: asked.redirectURI, state: asked.state))
        } catch {
            // Only a form that is not ours is nothing that the client should hear of.
            if error == TokenEndpoints.strangeForm { throw .page(error) }
            throw .redirect(error, to: asked.redirectURI, state: asked.state)
        }
    }

    /// With `iss`, so that a client of several servers knows whose answer it is (RFC 9207).
    private func answer(_ fields: [(name: String, value: String)], to uri: String, state: String?) -> String {
        var fields = fields
        if let state { fields.append(("state", state)) }
        fields.append(("iss", server.settings.issuer))
        return RedirectURI.adding(fields, to: uri)
    }

    static let strangeForm = OAuthError(.invalidRequest, "The form has expired, or came from another page. Go back and try again.")

    func session(_ request: ServerRequest) -> LoginSession? { LoginSession(request, seal, cookies, lifetime: loginLifetime) }

    /// What a form is for: this very request, by this very login.
    func purpose(_ request: ServerRequest, _ session: LoginSession?) -> String { "\(session?.id ?? "")\n\(request.query)" }

    /// A page with a form, and the cookie that proves the form's origin.
    func form(
        _ request: ServerRequest, for purpose: String, status: Int = 200, _ page: (SignInPages.Form) -> HTML
    ) throws(OAuthError) -> ServerReply {
        do throws(CryptoError) {
            let (token, setCookie) = try forms.token(request, for: purpose)
            let reply = ServerReply.page(page(SignInPages.Form(action: "?\(request.query)", token: token)), status: status)
            return setCookie.map { reply.adding("set-cookie", $0) } ?? reply
        } catch {
            throw OAuthError(.serverError, "The server has no random numbers.")
        }
    }
}
