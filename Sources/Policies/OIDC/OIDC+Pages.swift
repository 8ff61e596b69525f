package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
import Reactor

/// The policy's own pages.
extension OIDC {
    enum Page {
        case login, callback, logout, backchannelLogout
    }

    /// The page that a request is for; nil: it is for the upstream.
    func page(_ exchange: Exchange) -> Page? {
        let below = exchange.request.path.dropFirst(exchange.captures.pathStart)
        return path.withView { path -> Page? in
            guard below.hasPrefix(path) else { return nil }
            let rest = below.dropFirst(path.count)
            if rest == "/callback" { return .callback }
            if rest == "/logout" { return .logout }
            if rest == "/backchannel-logout" { return .backchannelLogout }
            return rest == "/login" || rest.hasPrefix("/login/") ? .login : nil
        }
    }

    /// A path of the API as browsers see it.
    func publicPath(_ path: String, _ exchange: Exchange) -> String {
        exchange.request.path.prefix(exchange.captures.pathStart).string + path
    }

    func publicURL(_ path: String, _ exchange: Exchange) -> String {
        let origin = self.origin?.origin ?? "\(exchange.clientScheme.string)://\(exchange.request.authority.string)"
        return origin + publicPath(path, exchange)
    }

    private func redirectURI(_ exchange: Exchange) -> String { publicURL("\(path)/callback", exchange) }

    func reply(_ reply: ServerReply, _ exchange: Exchange) -> Verdict {
        reply.write(to: exchange)
        return .reply
    }

    // MARK: Logging in

    /// `PATH/login` and `PATH/login/NAME`, with `?return=` and a path of this origin.
    func login(_ exchange: Exchange) async -> Verdict {
        guard exchange.request.method == .get || exchange.request.method == .head else { return reply(.notAllowed("GET, HEAD"), exchange) }
        let wanted = FormFields(parsing: exchange.request.query ?? ByteView())?["return"] ?? ""
        let returnTo = LoginAttempt.isOwnPath(wanted) ? wanted : publicPath("/", exchange)
        let text = exchange.request.path.string
        let name = text.firstRange(of: "\(path)/login/").map { String(text[$0.upperBound...]) }
        if let name, provider(name) == nil {
            return reply(.page(pages.message("Not found", "There is no such way to sign in."), status: 404), exchange)
        }
        return await begin(exchange, provider: name, returnTo: returnTo)
    }

    /// Sends a browser to the provider, or, of several, to the page where a person chooses one.
    func begin(_ exchange: Exchange, provider name: String?, returnTo: String) async -> Verdict {
        guard let provider = name.flatMap(self.provider) ?? (providers.count == 1 ? providers.first : nil) else {
            let choices = providers.map { provider in
                let path = publicPath("\(path)/login/\(provider.settings.name)", exchange)
                return (title: provider.settings.title, link: RedirectURI.adding([("return", returnTo)], to: path))
            }
            return reply(.page(pages.choice(choices)), exchange)
        }
        guard let metadata = await provider.metadata.value(now: exchange.unixSeconds, on: exchange.loop) else { return .refuse(provider.unavailable) }
        do throws(CryptoError) {
            let attempt = try LoginAttempt.begin(provider.settings.name, returnTo: returnTo, now: exchange.unixSeconds)
            let location = try provider.authorizationURL(attempt, redirectURI: redirectURI(exchange), metadata)
            var answer = ServerReply.redirect(location)
            for field in try cookies(exchange).set(attempt, replacing: exchange.request.fields) { answer = answer.adding("set-cookie", field) }
            return reply(answer, exchange)
        } catch {
            return .refuse(.internalError)
        }
    }

    /// The provider has sent a browser back (OpenID Connect Core §3.1.2.5).
    func callback(_ exchange: Exchange) async -> Verdict {
        guard exchange.request.method == .get else { return reply(.notAllowed("GET"), exchange) }
        let now = exchange.unixSeconds
        guard let fields = FormFields(parsing: exchange.request.query ?? ByteView()), let state = fields["state"],
            let (attempt, forget) = cookies(exchange).attempt(state: state, exchange.request.fields), attempt.isGood(state: state, now: now),
            let provider = self.provider(attempt.provider), let metadata = await provider.metadata.value(now: now, on: exchange.loop),
            // Another provider's answer is not this one's, whoever has mixed them up (RFC 9207).
            fields["iss"].map({ $0 == provider.settings.issuer }) ?? !metadata.namesItself
        else {
            return failed("This sign-in has expired, or was begun in another browser.", exchange, status: 400)
        }
        if let error = fields["error"] {
            let text = error == "access_denied" ? "You have not allowed it." : "The provider has refused."
            return failed(text, exchange, status: 403, forget, attempt)
        }
        guard let code = fields["code"] else { return failed("The provider has sent no code.", exchange, status: 400, forget, attempt) }
        let session: OIDCSession
        do throws(OIDCProvider.TokenError) {
            session = try await provider.redeem(code, attempt, redirectURI: redirectURI(exchange), now: now, on: exchange.loop)
        } catch {
            switch error {
            case .unavailable: return failed("The provider can't be asked at the moment.", exchange, status: 503, forget, attempt)
            case .refused, .untrusted, .strangeNonce: return failed("The provider's answer is not accepted.", exchange, status: 403, forget, attempt)
            }
        }
        guard let set = try? cookies(exchange).set(session, now: now, replacing: exchange.request.fields) else {
            return failed("What the provider says of you is more than a browser can keep.", exchange, status: 403, forget, attempt)
        }
        var answer = ServerReply.redirect(attempt.returnTo).adding("set-cookie", forget)
        for field in set { answer = answer.adding("set-cookie", field) }
        return reply(answer, exchange)
    }

    private func failed(
        _ text: String, _ exchange: Exchange, status: Int, _ forget: String? = nil, _ attempt: LoginAttempt? = nil
    ) -> Verdict {
        let again = RedirectURI.adding(
            [("return", attempt?.returnTo ?? publicPath("/", exchange))],
            to: publicPath(attempt.map { "\(path)/login/\($0.provider)" } ?? "\(path)/login", exchange))
        let answer = ServerReply.page(pages.failure(text, again: again), status: status)
        return reply(forget.map { answer.adding("set-cookie", $0) } ?? answer, exchange)
    }

    // MARK: Logging out

    /// Here, and at the provider (OpenID Connect RP-Initiated Logout).
    func logout(_ exchange: Exchange) async -> Verdict {
        let after = publicURL(afterLogout, exchange)
        var location = after
        if let known = session(exchange) {
            // Copies of the cookie count no more either.
            ended.end(id: known.session.id, now: exchange.unixSeconds)
            if let provider = self.provider(known.session.provider) {
                _ = await provider.metadata.value(now: exchange.unixSeconds, on: exchange.loop)
                location = provider.logoutURL(known.session, returnTo: after) ?? after
            }
        }
        var answer = ServerReply.redirect(location)
        for field in cookies(exchange).forget(exchange.request.fields) { answer = answer.adding("set-cookie", field) }
        return reply(answer, exchange)
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard case .backchannelLogout = page(exchange) else { return .none }
        return .whole(most: 32 << 10)
    }

    /// A provider says that somebody has logged out there (OpenID Connect Back-Channel Logout §2.5).
    package func onWholeRequestBody(_ exchange: Exchange, _ body: ByteBuffer) async -> Verdict {
        guard exchange.request.method == .post else { return reply(.notAllowed("POST"), exchange) }
        let now = exchange.unixSeconds
        let refusal = ServerReply.error(OAuthError(.invalidRequest, "The logout token is missing, or not accepted."))
        guard let token = FormFields(parsing: body.view)?["logout_token"], let issuer = try? SignedToken(parsing: token).claims()["iss"]?.string
        else { return reply(refusal, exchange) }
        for provider in providers where provider.settings.issuer == issuer {
            guard let claims = try? await provider.verify(logoutToken: token, now: now, on: exchange.loop) else { continue }
            ended.end(provider: provider.settings.name, subject: claims["sub"]?.string, session: claims["sid"]?.string, now: now)
            return reply(ServerReply(status: 200, fields: [(name: "cache-control", value: "no-store")], body: []), exchange)
        }
        return reply(refusal, exchange)
    }
}
