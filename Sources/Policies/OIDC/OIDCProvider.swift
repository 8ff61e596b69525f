import GatewayCore
import Identity
import Primitives
import Reactor
import Synchronization

/// One provider of identities: how it is asked.
final class OIDCProvider: Sendable {
    struct Settings: Sendable {
        var name: String
        var title: String
        var issuer: String
        var clientID: String
        /// Nil for a public client.
        var clientSecret: String?
        var scopes: ScopeList
        /// More fields of the authorization request.
        var parameters: [(name: String, value: String)]
        var clockSkew: Int
    }

    let settings: Settings
    let metadata: Fetched<ProviderMetadata>
    /// Why there are no metadata, for the one who has to mend it.
    private let flaw = Flaw()
    let keys: Fetched<VerifyingKeys>
    let callouts: any CalloutClient
    let security: (any FetchSecurity)?

    /// - Parameter security: of `https` URLs.
    init(_ settings: Settings, configuration: CalloutURL, callouts: any CalloutClient, security: (any FetchSecurity)?) {
        self.settings = settings
        self.callouts = callouts
        self.security = security
        let issuer = settings.issuer, flaw = flaw
        let get: @Sendable (CalloutURL, EventLoop?) async -> [UInt8]? = { url, loop in
            switch await callouts.send(OIDCProvider.callout(url, security), on: loop) {
            case .failure(let error): flaw.text = "\(url.origin): \(error.detail)"
            case .success(let response):
                if response.status == 200 { return response.body }
                flaw.text = "\(url) answers with status \(response.status)."
            }
            return nil
        }
        let metadata = Fetched<ProviderMetadata>(lifetime: 3600, pause: 60) { loop in
            guard let body = await get(configuration, loop) else { return nil }
            do throws(ProviderMetadata.Flaw) {
                return try ProviderMetadata(body, issuer: issuer)
            } catch {
                flaw.text = "\(issuer): \(error.rawValue)."
                return nil
            }
        }
        self.metadata = metadata
        // An unknown key may be a new one, but whoever makes keys up must not make us ask for each.
        keys = Fetched<VerifyingKeys>(lifetime: 3600, pause: 60) { loop in
            guard let url = metadata.known?.keys, let body = await get(url, loop), let set = try? JSONWebKeySet(parsing: body) else { return nil }
            return VerifyingKeys(set, algorithms: SignatureAlgorithm.allCases.filter { $0.family != .hmac })
        }
    }

    var unavailable: GatewayError { GatewayError(.identityProviderUnavailable, .gateway, flaw.text) }

    static func callout(_ url: CalloutURL, _ security: (any FetchSecurity)?) -> Callout {
        var callout = Callout(url)
        callout.headers = [("accept", "application/json")]
        if url.isSecure { callout.security = security }
        return callout
    }

    /// Where a browser is sent to log in.
    func authorizationURL(_ attempt: LoginAttempt, redirectURI: String, _ metadata: ProviderMetadata) throws(CryptoError) -> String {
        let fields: [(name: String, value: String)] = [
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", redirectURI), ("scope", settings.scopes.text),
            ("state", attempt.state), ("nonce", attempt.nonce), ("code_challenge", try ProofKey.challenge(of: attempt.verifier)),
            ("code_challenge_method", "S256"),
        ]
        return RedirectURI.adding(fields + settings.parameters, to: metadata.authorization)
    }

    /// Where a browser is sent to log out there as well; nil when the provider has no such place.
    func logoutURL(_ session: OIDCSession, returnTo: String) -> String? {
        guard let endpoint = metadata.known?.endSession else { return nil }
        let fields: [(name: String, value: String)] = [
            ("id_token_hint", session.idToken), ("client_id", settings.clientID), ("post_logout_redirect_uri", returnTo),
        ]
        return RedirectURI.adding(fields, to: endpoint)
    }
}

/// The last thing that went wrong.
private final class Flaw: Sendable {
    private let last = Mutex("")
    var text: String {
        get { last.withLock { $0 } }
        set { last.withLock { $0 = newValue } }
    }
}
