import GatewayCore
import Identity
import Primitives

/// Logging in and out.
extension TokenEndpoints {
    func loginPage(
        _ request: ServerRequest, client: String?, username: String, problem: String? = nil, status: Int = 200
    ) throws(OAuthError) -> ServerReply {
        try form(request, for: "login\n\(request.query)", status: status) { form in
            pages.login(form, client: client, username: username, problem: problem)
        }
    }

    /// A login form comes back: the same page again, this time with a login.
    func login(_ request: ServerRequest, client: String?) async throws(OAuthError) -> ServerReply {
        guard forms.accepts(request, for: "login\n\(request.query)") else { throw TokenEndpoints.strangeForm }
        let username = request.form?["username"] ?? "", password = request.form?["password"] ?? ""
        guard throttle.mayTry(username, from: request) else {
            let problem = "There were too many attempts. Wait a few minutes, then try again."
            return try loginPage(request, client: client, username: username, problem: problem, status: 429)
        }
        switch await accounts.check(username, password) {
        case .busy: throw OAuthError(.temporarilyUnavailable, "Too many people sign in at the moment; try again shortly.")
        case .wrong:
            throttle.hasFailed(username, from: request)
            return try loginPage(request, client: client, username: username, problem: "User name or password are wrong.", status: 200)
        case .right(let user):
            do throws(CryptoError) {
                let session = LoginSession(subject: user.subject, authTime: request.now, id: Base64URL.encode(try Random.bytes(16)))
                return .redirect("?\(queryAfterLogin(request.query))").adding("set-cookie", try session.sealed(seal, cookies))
            } catch {
                throw OAuthError(.serverError, "The server has no random numbers.")
            }
        }
    }

    /// The person has just logged in, which is what `prompt=login` wants.
    private func queryAfterLogin(_ query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false).filter { pair in
            guard pair.hasPrefix("prompt=") else { return true }
            return !(FormFields(parsing: String(pair))?["prompt"] ?? "").split(separator: " ").contains("login")
        }.joined(separator: "&")
    }

    /// OpenID Connect RP-Initiated Logout.
    func logout(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        let isConfirmed = request.method == .post && request.form?["action"] == "logout"
        guard let asked = request.method == .post && !isConfirmed ? request.form : request.queryFields else {
            throw OAuthError(.invalidRequest, "The request is malformed.")
        }
        let now = request.now, session = session(request)
        var hint: JSON?
        if let token = asked["id_token_hint"] {
            hint = try await decide { (server) throws(OAuthError) in try server.verify(idTokenHint: token, now: now) }
        }
        if isConfirmed {
            guard forms.accepts(request, for: purpose(request, session)) else { throw TokenEndpoints.strangeForm }
        } else if let session, hint?["sid"]?.string != session.id {
            // Anybody can send a browser here: without a token of this very login the person is asked.
            return try form(request, for: purpose(request, session)) { pages.signOut($0) }
        }
        if let session { tell(try await decide { (server) throws(OAuthError) in try server.end(session: session.id, now: now) }) }
        return destination(asked, hint).adding("set-cookie", LoginSession.forget(cookies))
    }

    /// Tells clients that somebody has logged out (OpenID Connect Back-Channel Logout §2.5). Nobody waits for them.
    private func tell(_ tokens: [String: String]) {
        for (client, token) in tokens {
            guard let url = logoutURLs[client] else { continue }
            var callout = Callout(url)
            callout.method = "POST"
            callout.headers = [("content-type", "application/x-www-form-urlencoded")]
            callout.body = Array(FormFields.encode([("logout_token", token)]).utf8)
            callout.security = url.isSecure ? security : nil
            Task.detached { [callouts, callout] in _ = await callouts.send(callout, on: nil) }
        }
    }

    private func destination(_ asked: FormFields, _ hint: JSON?) -> ServerReply {
        let id = hint?["aud"]?.string ?? asked["client_id"]
        guard let uri = asked["post_logout_redirect_uri"], let client = id.flatMap(server.client),
            client.logoutURIs.contains(where: { $0.matches(uri) })
        else { return .page(pages.message("Signed out", "You are signed out.")) }
        return .redirect(asked["state"].map { RedirectURI.adding([("state", $0)], to: uri) } ?? uri)
    }
}
