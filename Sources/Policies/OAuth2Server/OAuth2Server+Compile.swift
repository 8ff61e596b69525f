import GatewayCore
import Identity
import PolicyKit
import Primitives
import Schema

/// Makes of the settings what the server works with.
extension OAuth2Server.Config {
    func endpointPaths() throws(PolicyError) -> EndpointPaths {
        let url: CalloutURL
        do throws(CalloutURLError) {
            url = try CalloutURL(parsing: issuer)
        } catch {
            throw PolicyError(error.rawValue, at: $issuer.position, path: "issuer")
        }
        guard !issuer.hasSuffix("/"), !issuer.contains("?") else {
            throw PolicyError("an issuer ends without a slash and has no query", at: $issuer.position, path: "issuer")
        }
        guard url.isSecure || url.isThisMachine else {
            throw PolicyError(
                "an issuer with http is for the machine itself only: passwords would cross the network in the clear", at: $issuer.position,
                path: "issuer", remedy: "write https")
        }
        return EndpointPaths(
            issuer: issuer, origin: url.origin, path: url.target == "/" ? "" : url.target, isSecure: url.isSecure)
    }

    var tokenServerSettings: TokenServerSettings {
        var settings = TokenServerSettings(issuer: issuer, audience: audience.isEmpty ? [issuer] : audience)
        settings.algorithm = SignatureAlgorithm(rawValue: algorithm.rawValue) ?? settings.algorithm
        settings.accessTokenLifetime = accessTokens.seconds
        settings.codeLifetime = codes.seconds
        settings.deviceLifetime = devices.lifetime.seconds
        settings.deviceInterval = devices.interval.seconds
        settings.refresh = RefreshGrant.Rules(
            idle: refreshTokens.idle.seconds, total: refreshTokens.total.seconds, leeway: refreshTokens.leeway.seconds)
        settings.keyRotation = keys.rotation.seconds
        settings.keyAhead = keys.ahead.seconds
        return settings
    }

    func oauthClients(_ context: PolicyContext) throws(PolicyError) -> [OAuthClient] {
        var result: [OAuthClient] = []
        var flaws: [PolicyError.Flaw] = []
        for (place, client) in clients.enumerated() {
            do throws(PolicyError) {
                if result.contains(where: { $0.id == client.id }) {
                    throw PolicyError("two clients are called `\(client.id)`", at: client.$id.position, path: "clients[\(place)].id")
                }
                result.append(try client.compiled("clients[\(place)]"))
            } catch {
                flaws += error.flaws
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        if result.isEmpty { context.warn("there are no clients, so nobody can ask for tokens", remedy: "add `clients`") }
        return result
    }

    func accounts(_ context: PolicyContext) throws(PolicyError) -> [OAuthUser] {
        var result: [OAuthUser] = []
        var flaws: [PolicyError.Flaw] = []
        for (place, user) in users.enumerated() {
            let path = "users[\(place)]", position = user.$passwordHash.position
            do throws(PasswordHashError) {
                let hash = try PasswordHash(parsing: user.passwordHash.text)
                if let advice = hash.advice { context.warn("user `\(user.username)`: \(advice)", at: position, path: path) }
                let subject = user.subject ?? user.username
                if result.contains(where: { $0.username == user.username || $0.subject == subject }) {
                    flaws.append(PolicyError.Flaw("two users have the same name or subject", at: user.$username.position, path: path))
                }
                result.append(
                    OAuthUser(subject: subject, username: user.username, password: hash, groups: user.groups, claims: user.claimValues))
            } catch {
                flaws.append(PolicyError.Flaw("user `\(user.username)`: \(error.message)", at: position, path: "\(path).passwordHash"))
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        return result
    }
}

extension OAuth2Server.UserSettings {
    /// Texts, but for the claims that are true or false (OpenID Connect Core §5.1).
    fileprivate var claimValues: JSONObject {
        var object = JSONObject()
        for entry in claims.entries {
            object[entry.key] = entry.key.hasSuffix("_verified") ? .bool(entry.value == "true") : .string(entry.value)
        }
        return object
    }
}

extension OAuth2Server.ClientSettings {
    fileprivate func compiled(_ path: String) throws(PolicyError) -> OAuthClient {
        let grants = Set(grants.map(\.grant))
        let redirects = try uris(redirectUris, $redirectUris.position, "\(path).redirectUris")
        if grants.contains(.authorizationCode), redirects.isEmpty {
            throw PolicyError(
                "client `\(id)` may ask for codes, but there is no address that they may be sent to", at: $id.position, path: path,
                remedy: "add `redirectUris`, or take `authorization-code` out of `grants`")
        }
        if grants.contains(.clientCredentials), secrets.isEmpty {
            throw PolicyError(
                "client `\(id)` may have tokens of its own, but has no secret", at: $id.position, path: path, remedy: "add `secrets`")
        }
        if let wrong = scopes.first(where: { !ScopeList.isName($0) }) {
            throw PolicyError("`\(wrong)` can't be the name of a scope", at: $scopes.position, path: "\(path).scopes")
        }
        var hashes: [[UInt8]] = []
        for secret in secrets { hashes.append(try hash(secret.text, path)) }
        return OAuthClient(
            id: id, name: name ?? id, secrets: hashes, grants: grants, redirectURIs: redirects,
            logoutURIs: try uris(logoutUris, $logoutUris.position, "\(path).logoutUris"), scopes: ScopeList(scopes), audience: audience,
            isTrusted: trusted, introspects: introspects)
    }

    private func uris(_ texts: [String], _ position: SourcePosition, _ path: String) throws(PolicyError) -> [RedirectURI] {
        var result: [RedirectURI] = []
        for text in texts {
            do throws(RedirectURIError) {
                result.append(try RedirectURI(parsing: text))
            } catch {
                throw PolicyError(error.rawValue, at: position, path: path)
            }
        }
        return result
    }

    private func hash(_ secret: String, _ path: String) throws(PolicyError) -> [UInt8] {
        let path = "\(path).secrets", position = $secrets.position
        guard secret.hasPrefix("sha256:") else {
            guard secret.utf8.count >= 16, let hash = try? Digest.sha256(Array(secret.utf8)) else {
                throw PolicyError("a secret has at least 16 bytes", at: position, path: path, remedy: "make one with `openssl rand -hex 32`")
            }
            return hash
        }
        let digits = Array(secret.utf8.dropFirst(7)).compactMap(ASCII.hexValue)
        guard digits.count == 64, secret.utf8.count == 71 else {
            throw PolicyError("`sha256:` is followed by the 64 hexadecimal digits of a hash", at: position, path: path)
        }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension GrantChoice {
    fileprivate var grant: GrantType {
        switch self {
        case .authorizationCode: .authorizationCode
        case .clientCredentials: .clientCredentials
        case .refreshToken: .refreshToken
        case .deviceCode: .deviceCode
        }
    }
}

extension CalloutURL {
    /// Nobody can listen on the way.
    var isThisMachine: Bool { host == "localhost" || host.hasSuffix(".localhost") || IPAddress(parsing: host)?.isLoopback ?? false }
}
