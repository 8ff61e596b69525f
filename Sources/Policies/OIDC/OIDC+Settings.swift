import GatewayCore
import Identity
package import PolicyKit
import Primitives
package import Schema

extension OIDC {
    package struct ProviderSettings: Settings {
        @Setting("What the provider is called in paths: letters, digits, `-`.")
        package var name: String

        @Setting("What people are told that it is called. Left out: its name.")
        package var title: String?

        @Setting("`issuer` of the provider. Its metadata are at `/.well-known/openid-configuration` below it.")
        package var issuer: String

        @Setting("`client_id` that the provider knows the gateway by.")
        package var clientId: String

        @Setting("The client's secret. Left out: the client is public.")
        package var clientSecret: SecretText?

        @Setting("What is asked for; `openid` always is. `offline_access` makes many providers give refresh tokens.")
        package var scopes: [String] = ["openid", "profile", "email"]

        @Setting("More parameters of the authorization request, such as `prompt`, `login_hint` or `audience`.")
        package var parameters: OrderedMap<String> = [:]

        @Setting("How the provider is reached over TLS.")
        package var tls: CalloutTLSSettings?

        package init() {}
    }
}

/// What becomes of somebody without a session.
package enum Unauthenticated: String, SettingChoice {
    /// A browser is sent to log in; everything else is refused.
    case login
    case refuse
    /// The request goes on, without claims.
    case pass
}

/// What is put into `Authorization` on the way to the upstream.
package enum ForwardedToken: String, SettingChoice {
    case none, access, id
}

extension OIDC.Config {
    func compiledProviders(_ context: PolicyContext) throws(PolicyError) -> [OIDCProvider] {
        guard !providers.isEmpty else { throw PolicyError("there is no provider to log in at", path: "providers", remedy: "add one") }
        var result: [OIDCProvider] = []
        for (place, provider) in providers.enumerated() {
            let path = "providers[\(place)]"
            guard !provider.name.isEmpty, provider.name.utf8.allSatisfy({ ASCII.isUnreserved($0) }) else {
                throw PolicyError(
                    "the name of a provider is made of letters, digits and `-`", at: provider.$name.position, path: "\(path).name")
            }
            guard !result.contains(where: { $0.settings.name == provider.name }) else {
                throw PolicyError("two providers are called `\(provider.name)`", at: provider.$name.position, path: "\(path).name")
            }
            result.append(try provider.compiled(path, clockSkew: clockSkew.seconds, context))
        }
        return result
    }
}

extension OIDC.ProviderSettings {
    fileprivate func compiled(_ path: String, clockSkew: Int, _ context: PolicyContext) throws(PolicyError) -> OIDCProvider {
        let place = $issuer.position
        let separator = issuer.hasSuffix("/") ? "" : "/"
        let url: CalloutURL
        do throws(CalloutURLError) {
            url = try CalloutURL(parsing: "\(issuer)\(separator).well-known/openid-configuration")
        } catch {
            throw PolicyError(error.rawValue, at: place, path: "\(path).issuer")
        }
        guard !issuer.contains("?") else { throw PolicyError("an issuer has no query", at: place, path: "\(path).issuer") }
        if !url.isSecure, !url.isThisMachine {
            context.warn("the provider is reached without TLS: whoever is on the way can log in as anybody", at: place, path: "\(path).issuer")
        }
        if let wrong = scopes.first(where: { !ScopeList.isName($0) }) {
            throw PolicyError("`\(wrong)` can't be the name of a scope", at: $scopes.position, path: "\(path).scopes")
        }
        let settings = OIDCProvider.Settings(
            name: name, title: title ?? name, issuer: issuer, clientID: clientId, clientSecret: clientSecret?.text,
            scopes: ScopeList(["openid"] + scopes), parameters: parameters.entries.map { ($0.key, $0.value) }, clockSkew: clockSkew)
        return OIDCProvider(
            settings, configuration: url, callouts: context.callouts,
            security: try context.security(of: url, tls, version: .http1, "\(path).tls"))
    }
}
