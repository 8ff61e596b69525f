import GatewayCore
import Identity
import Primitives
import Reactor

/// How a provider gives tokens, and how they are believed.
extension OIDCProvider {
    enum TokenError: Error, Equatable, Sendable {
        /// The provider refuses: with its error code.
        case refused(String)
        /// It can't be reached, or answers what nobody understands.
        case unavailable
        /// The id token is not acceptable.
        case untrusted(TokenFlaw)
        case strangeNonce
    }

    /// The tokens for a code (OpenID Connect Core §3.1.3).
    func redeem(_ code: String, _ attempt: LoginAttempt, redirectURI: String, now: Int, on loop: EventLoop?) async throws(TokenError) -> OIDCSession {
        let json = try await ask(
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI), ("code_verifier", attempt.verifier)], now: now,
            on: loop)
        guard let access = json["access_token"]?.string, let idToken = json["id_token"]?.string else { throw .unavailable }
        let claims = try await verify(idToken, now: now, on: loop)
        guard claims["nonce"]?.string == attempt.nonce else { throw .strangeNonce }
        guard let id = try? OpaqueToken.make() else { throw .unavailable }
        return OIDCSession(
            id: id, provider: settings.name, claims: OIDCSession.kept(claims), started: now, accessToken: access,
            accessExpires: OIDCProvider.expires(json, now: now), refreshToken: json["refresh_token"]?.string, idToken: idToken)
    }

    /// The session with new tokens (§12).
    func refresh(_ session: OIDCSession, now: Int, on loop: EventLoop?) async throws(TokenError) -> OIDCSession {
        guard let token = session.refreshToken else { throw .refused("no refresh token") }
        let json = try await ask([("grant_type", "refresh_token"), ("refresh_token", token)], now: now, on: loop)
        guard let access = json["access_token"]?.string else { throw .unavailable }
        var next = session
        next.accessToken = access
        next.accessExpires = OIDCProvider.expires(json, now: now)
        if let replaced = json["refresh_token"]?.string { next.refreshToken = replaced }
        if let idToken = json["id_token"]?.string {
            let claims = try await verify(idToken, now: now, on: loop)
            // Of somebody else: not this session's (§12.2).
            guard claims["sub"]?.string == session.subject else { throw .refused("another subject") }
            next.claims = OIDCSession.kept(claims)
            if next.claims["sid"] == nil, let sid = session.claims["sid"] { next.claims["sid"] = sid }
            next.idToken = idToken
        }
        return next
    }

    private static func expires(_ json: JSON, now: Int) -> Int? {
        guard let seconds = json["expires_in"]?.int ?? json["expires_in"]?.string.flatMap({ Int($0) }), seconds >= 0 else { return nil }
        return now + min(seconds, 366 * 86_400)
    }

    private func ask(_ fields: [(name: String, value: String)], now: Int, on loop: EventLoop?) async throws(TokenError) -> JSON {
        guard let metadata = await metadata.value(now: now, on: loop) else { throw .unavailable }
        var callout = OIDCProvider.callout(metadata.token, security)
        var fields = fields
        callout.method = "POST"
        callout.headers.append(("content-type", "application/x-www-form-urlencoded"))
        if let secret = settings.clientSecret, metadata.takesBasic {
            let scratch = ByteBuffer()
            let text = "\(FormFields.encode(settings.clientID)):\(FormFields.encode(secret))"
            text.withView { Base64.encode($0, into: scratch) }
            callout.headers.append(("authorization", "Basic \(scratch.view.string)"))
        } else {
            fields.append(("client_id", settings.clientID))
            if let secret = settings.clientSecret { fields.append(("client_secret", secret)) }
        }
        callout.body = Array(FormFields.encode(fields).utf8)
        guard case .success(let response) = await callouts.send(callout, on: loop), let json = try? JSON.parse(response.body) else {
            throw .unavailable
        }
        guard response.status == 200 else {
            guard (400..<500).contains(response.status), let error = json["error"]?.string else { throw .unavailable }
            throw .refused(error)
        }
        return json
    }

    /// The claims of an id token of this provider for this client (§3.1.3.7).
    private func verify(_ token: String, now: Int, on loop: EventLoop?) async throws(TokenError) -> JSONObject {
        var rules = TokenRules()
        rules.required = ["sub", "exp", "iat", "aud"]
        return try await verify(token, rules, now: now, on: loop)
    }

    /// The claims of a token that the provider sends to log somebody out (OpenID Connect Back-Channel Logout §2.6).
    func verify(logoutToken token: String, now: Int, on loop: EventLoop?) async throws(TokenError) -> JSONObject {
        var rules = TokenRules()
        rules.types = ["logout+jwt", "jwt", ""]
        rules.required = ["iat", "jti", "events", "aud"]
        rules.requiresExpiry = false
        rules.mostAge = 300
        let claims = try await verify(token, rules, now: now, on: loop)
        let event = claims["events"]?["http://schemas.openid.net/event/backchannel-logout"]
        guard event?.object != nil, claims["nonce"] == nil, claims["sub"]?.string != nil || claims["sid"]?.string != nil else {
            throw .untrusted(.claimValue("events"))
        }
        return claims
    }

    private func verify(_ token: String, _ given: TokenRules, now: Int, on loop: EventLoop?) async throws(TokenError) -> JSONObject {
        var rules = given
        rules.issuers = [settings.issuer]
        rules.audiences = [settings.clientID]
        rules.clockSkew = settings.clockSkew
        // The keys are where the metadata say.
        guard await metadata.value(now: now, on: loop) != nil, var known = await keys.value(now: now, on: loop) else { throw .unavailable }
        for isLast in [false, true] {
            do throws(TokenFlaw) {
                let claims = try TokenVerifier(rules, keys: known).verify(token, now: now).claims
                // Issued to another client, though this one may read it.
                if let party = claims["azp"]?.string, party != settings.clientID { throw TokenFlaw.claimValue("azp") }
                return claims
            } catch {
                guard error == .keyUnknown, !isLast, let renewed = await keys.renewed(now: now, on: loop) else { throw .untrusted(error) }
                known = renewed
            }
        }
        throw .unavailable
    }
}
