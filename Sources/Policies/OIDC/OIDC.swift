package import GatewayCore
import Identity
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Logs people in at a provider of OpenID Connect, and remembers them in sealed cookies.
///
/// A request whose session is known and good costs no task. Others wait: for the provider's metadata, for new tokens.
package final class OIDC: Policy, AsyncRequestPolicy, AsyncRequestBodyPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("Where people log in. Of several, they choose one on a page, unless `PATH/login/NAME` has sent them to one.")
        package var providers: [ProviderSettings]

        @Setting("Secrets of 32 bytes or more that cookies are sealed with, newest first: the others still open.")
        package var secrets: [SecretText]

        @Setting("Where the policy's own pages are, below the base path of the API: `/callback`, `/login`, `/logout`, `/backchannel-logout`.")
        package var path: String = "/oidc"

        @Setting(
            "What browsers see of the gateway: `https://app.example.com`. Left out: what the request says, and then providers refuse what they do not know."
        )
        package var origin: CalloutURL?

        @Setting("Name of the session's cookie; over https it gets the prefix `__Host-`.")
        package var cookie: String = "sluice-session"

        @Setting("How long a session lasts, however often its tokens are refreshed.", .seconds(60) ... .seconds(90 * 86_400))
        package var session: Duration = .seconds(12 * 3600)

        @Setting("How long before its end an access token is refreshed, where the provider has given a refresh token.", .zero ... .seconds(3600))
        package var refreshAhead: Duration = .seconds(30)

        @Setting(
            "What becomes of requests without a session: `login` sends browsers to log in and refuses scripts with 401, `refuse` refuses all, `pass` lets them go on without claims."
        )
        package var unauthenticated: Unauthenticated = .login

        @Setting("Fields for the upstream: name to claim, such as `x-user: sub`. What the client has sent under these names is taken away.")
        package var headers: OrderedMap<String> = [:]

        @Setting("A token for the upstream, as `Authorization: Bearer`.")
        package var forwardToken: ForwardedToken = .none

        @Setting("A claim that names the consumer, as the consumer's credential `jwtClaim` has it.")
        package var consumerClaim: String?

        @Setting("Takes the policy's cookies away before the request goes on.")
        package var hideCredentials: Bool = true

        @Setting("Where people are after logging out: a path of this API.")
        package var afterLogout: String = "/"

        @Setting("By how much clocks may differ.", .zero ... .seconds(300))
        package var clockSkew: Duration = .seconds(30)

        package static var about: String { "Logs people in at a provider of OpenID Connect, and remembers them in sealed cookies." }
        package init() {}
    }

    package static let id = "oidc"
    package static let example = """
        oidc:
          secrets: ["replace-this-by-32-random-bytes-or-more"]
          providers:
            - name: company
              issuer: https://id.example.com
              clientId: gateway
              clientSecret: "a-secret-that-nobody-guesses"
        """
    package static let reasons: [Reason] = [.credentialsMissing, .identityProviderUnavailable]
    package static var provides: [Fact] { [.consumer, .claims] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    let providers: [OIDCProvider]
    let path: String
    let origin: CalloutURL?
    let afterLogout: String
    let lifetime: Int
    let ahead: Int
    let unauthenticated: Unauthenticated
    let pages = SignInPages(title: nil, scopes: [:])
    /// For browsers that come over https, and for those that come over http, which may be the machine itself alone.
    private let secureCookies: SessionCookies
    private let plainCookies: SessionCookies
    let flights: RefreshFlights
    let ended: EndedSessions
    private let forwarding: SessionForwarding
    private let memory: LoopLocal<SessionMemory>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        providers = try config.compiledProviders(context)
        guard LoginAttempt.isOwnPath(config.path), config.path.utf8.count > 1, !config.path.hasSuffix("/") else {
            throw PolicyError("a path such as /oidc is needed", at: config.$path.position, path: "path")
        }
        guard LoginAttempt.isOwnPath(config.afterLogout) else {
            throw PolicyError("a path of this API is needed, such as /", at: config.$afterLogout.position, path: "afterLogout")
        }
        guard !config.cookie.isEmpty, config.cookie.utf8.allSatisfy(ASCII.isToken) else {
            throw PolicyError("`\(config.cookie)` can't be the name of a cookie", at: config.$cookie.position, path: "cookie")
        }
        path = config.path
        origin = config.origin
        afterLogout = config.afterLogout
        lifetime = config.session.seconds
        ahead = config.refreshAhead.seconds
        unauthenticated = config.unauthenticated
        let secrets = config.secrets.map { Array($0.text.utf8) }
        do throws(CryptoError) {
            secureCookies = try SessionCookies(config.cookie, isSecure: true, secrets: secrets, lifetime: lifetime)
            plainCookies = try SessionCookies(config.cookie, isSecure: false, secrets: secrets, lifetime: lifetime)
        } catch {
            throw PolicyError(
                "each secret has at least \(CookieSeal.leastSecret) bytes, and there is at least one", at: config.$secrets.position, path: "secrets",
                remedy: "make one with `openssl rand -hex 32`")
        }
        forwarding = try SessionForwarding(config, context)
        let predecessor = context.predecessor as? OIDC
        flights = predecessor?.flights ?? RefreshFlights()
        ended = predecessor?.ended ?? EndedSessions()
        memory = LoopLocal(loops: context.loops) { SessionMemory() }
    }

    // MARK: Requests

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch page(exchange) {
        case .backchannelLogout: return .proceed
        case .some:
            exchange.hidesQuery = true
            return nil
        case nil: break
        }
        forwarding.clean(exchange)
        guard let known = session(exchange) else { return withoutSession(exchange) }
        switch known.session.condition(now: exchange.unixSeconds, lifetime: lifetime, ahead: ahead) {
        case .over: return withoutSession(exchange)
        case .good: return accept(known, exchange)
        case .refresh(let isAlive):
            switch flights.role(known.session.refreshKey, now: exchange.loop.now) {
            case .knows(.refreshed(let next)): return accept(remember(next, exchange), exchange, sets: true)
            case .knows(.ended): return withoutSession(exchange)
            // Somebody has asked; until the answer is there the old token does as long as it lives.
            case .waits, .knows(.failed): return isAlive ? accept(known, exchange) : nil
            case .leads:
                lead(known.session, exchange)
                return nil
            }
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        switch page(exchange) {
        case .login: return await login(exchange)
        case .callback: return await callback(exchange)
        case .logout: return await logout(exchange)
        case .backchannelLogout: return .proceed
        case nil: break
        }
        guard let known = session(exchange),
            case .refresh(let isAlive) = known.session.condition(now: exchange.unixSeconds, lifetime: lifetime, ahead: ahead)
        else { return await begin(exchange, provider: nil, returnTo: exchange.ownTarget) }
        switch await flights.result(known.session.refreshKey) {
        case .refreshed(let next): return accept(remember(next, exchange), exchange, sets: true)
        case .ended:
            if let verdict = withoutSession(exchange) { return verdict }
            return await begin(exchange, provider: nil, returnTo: exchange.ownTarget)
        case .failed: return isAlive ? accept(known, exchange) : .refuse(.identityProviderUnavailable)
        }
    }

    /// Refreshes in a task of its own, which goes on when this client leaves: the provider has replaced the token by then.
    private func lead(_ session: OIDCSession, _ exchange: Exchange) {
        let now = exchange.unixSeconds, instant = exchange.loop.now
        guard let provider = self.provider(session.provider) else { return flights.land(session.refreshKey, .ended, now: instant) }
        let loop = exchange.loop
        Task(executorPreference: loop) { [flights] in
            let outcome: RefreshFlights.Outcome
            do throws(OIDCProvider.TokenError) {
                outcome = .refreshed(try await provider.refresh(session, now: now, on: loop))
            } catch {
                switch error {
                case .refused, .untrusted, .strangeNonce: outcome = .ended
                case .unavailable: outcome = .failed
                }
            }
            flights.land(session.refreshKey, outcome, now: .now)
        }
    }

    /// Nil: a browser is to be sent to log in, which may have to wait for the provider's metadata.
    private func withoutSession(_ exchange: Exchange) -> Verdict? {
        if unauthenticated == .pass {
            forwarding.hide(cookies(exchange), exchange)
            return .proceed
        }
        if unauthenticated == .login, exchange.isNavigation { return nil }
        exchange.response.fields.append("www-authenticate", "Bearer")
        return .refuse(.credentialsMissing, "This needs somebody who is logged in.")
    }

    private func accept(_ known: KnownSession, _ exchange: Exchange, sets: Bool = false) -> Verdict {
        exchange.identify(known.principal)
        if sets { exchange.memo.object = known }
        forwarding.write(known.session, cookies(exchange), exchange)
        return .proceed
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        guard let known = exchange.memo.object as? KnownSession else { return .proceed }
        setSession(known.session, exchange)
        return .proceed
    }

    // MARK: Sessions

    func cookies(_ exchange: Exchange) -> SessionCookies { isSecure(exchange) ? secureCookies : plainCookies }

    private func isSecure(_ exchange: Exchange) -> Bool { origin?.isSecure ?? (exchange.clientScheme == "https") }

    func session(_ exchange: Exchange) -> KnownSession? {
        let cookies = cookies(exchange)
        guard let text = cookies.sealed(exchange.request.fields) else { return nil }
        let known: KnownSession
        if let remembered = memory[exchange].known(text) {
            known = remembered
        } else {
            guard let session = cookies.open(text), provider(session.provider) != nil else { return nil }
            known = remember(session, exchange, text)
        }
        return ended.contains(known.session) ? nil : known
    }

    private func remember(_ session: OIDCSession, _ exchange: Exchange, _ text: String? = nil) -> KnownSession {
        let known = KnownSession(session, forwarding.principal(session))
        if let text { memory[exchange].remember(known, as: text) }
        return known
    }

    /// Puts the session into the response.
    func setSession(_ session: OIDCSession, _ exchange: Exchange) {
        let fields = try? cookies(exchange).set(session, now: exchange.unixSeconds, replacing: exchange.request.fields)
        for field in fields ?? [] { exchange.response.fields.append("set-cookie", field) }
    }

    func provider(_ name: String) -> OIDCProvider? { providers.first { $0.settings.name == name } }
}

extension Exchange {
    /// Path and query, as they are to be asked for again.
    var ownTarget: String {
        let target = request.target.string
        return LoginAttempt.isOwnPath(target) ? target : "/"
    }

    /// A browser shows what comes back, so it can be sent elsewhere: nothing that a script asks for, whose redirect nobody would see.
    var isNavigation: Bool {
        guard request.method == .get || request.method == .head, request.upgrade.isEmpty else { return false }
        if let mode = request.fields.first(ByteView("sec-fetch-mode")) { return mode == "navigate" }
        guard request.fields.first(ByteView("x-requested-with")) == nil else { return false }
        var acceptsPages = false
        request.fields.forEach(named: ByteView("accept")) { value in
            value.forEachListElement { element in
                if element.prefix(9).equalsIgnoringCase("text/html") { acceptsPages = true }
                return !acceptsPages
            }
            return !acceptsPages
        }
        return acceptsPages
    }
}

extension Reason {
    static let identityProviderUnavailable = Reason(
        "identity_provider_unavailable", 503, "The identity provider can't be asked", "destination_unavailable")
}
