import GatewayCore
import Model
import Primitives
import Reactor
import Schema
import Synchronization

/// HashiCorp Vault, and OpenBao, which speaks the same.
final class VaultClient: SecretClient {
    private let endpoint: SourceEndpoint
    private let settings: VaultSource
    /// Held while a login is on its way, so that there is one.
    private let token = Mutex<VaultToken?>(nil)

    init(_ settings: VaultSource, transport: any SecretTransport) throws(SecretFailure) {
        self.settings = settings
        endpoint = try SourceEndpoint("Vault", settings.address, authorities: settings.authorities?.path, transport: transport)
    }

    // MARK: Secrets

    func fetch(_ path: String, until deadline: Instant) -> Result<SecretPayload, SecretFailure> {
        let infix = settings.engine == .kv2 ? "data/" : ""
        let what = "\(settings.mount)/\(path)"
        return authorized("GET", "v1/\(settings.mount)/\(infix)\(path)", until: deadline).flatMap { response in
            if let failure = VaultAnswer.failure(response, what, endpoint.name) { return .failure(failure) }
            return settings.engine == .kv2 ? VaultAnswer.versioned(response, what) : VaultAnswer.plain(response, what, now: .now)
        }
    }

    func renew(_ lease: SecretLease, until deadline: Instant) -> SecretLease? {
        let body: JSON = ["lease_id": .string(lease.id)]
        guard case .success(let response) = authorized("POST", "v1/sys/leases/renew", body: body, until: deadline), response.status == 200,
            let json = response.json
        else { return nil }
        let renewed = VaultAnswer.lease(json, now: .now)
        return renewed.flatMap { $0.outlasts(lease) ? $0 : nil }
    }

    /// A request with a token that works; one that Vault does not know any more is replaced once.
    private func authorized(_ method: String, _ path: String, body: JSON? = nil, until deadline: Instant) -> Result<FetchResponse, SecretFailure> {
        for isLast in [false, true] {
            let token: VaultToken
            switch current(until: deadline) {
            case .success(let found): token = found
            case .failure(let failure): return .failure(failure)
            }
            let result = send(method, path, body: body, token: token.text, until: deadline)
            guard !isLast, settings.auth.token == nil, case .success(let response) = result, response.status == 403 else { return result }
            // Revoked, or forbidden: only a new token can tell.
            self.token.withLock { if $0?.text == token.text { $0 = nil } }
        }
        return .failure(.unavailable("\(endpoint.name) refuses every token", remedy: "check `auth` of the source"))
    }

    private func send(
        _ method: String, _ path: String, body: JSON? = nil, token: String? = nil, until deadline: Instant
    ) -> Result<FetchResponse, SecretFailure> {
        var request = SecretRequest(url: endpoint.url(path), method: method, security: endpoint.security)
        if let body { request.body = body.bytes }
        // Keeps servers from being made to ask by somebody else's redirect.
        request.headers.append(("x-vault-request", "true"))
        if let namespace = settings.namespace { request.headers.append(("x-vault-namespace", namespace)) }
        if let token { request.headers.append(("x-vault-token", token)) }
        let result = endpoint.send(request, until: deadline)
        // A standby that does not forward names the active node.
        guard case .success(let response) = result, response.status == 307, let active = VaultClient.location(response),
            active.isSecure == endpoint.base.isSecure
        else { return result }
        request.url = active
        return endpoint.send(request, until: deadline)
    }

    private static func location(_ response: FetchResponse) -> CalloutURL? {
        response.headers.first { $0.name.lowercased() == "location" }.flatMap { try? CalloutURL(parsing: $0.value) }
    }

    // MARK: The token

    func keepAlive(until deadline: Instant) -> Instant {
        guard token.withLock({ $0 != nil }), case .success(let token) = current(until: deadline) else { return .never }
        // One that is due again at once could not be renewed: it is tried every now and then until it ends.
        return token.due > .now ? token.due : .now + .seconds(10)
    }

    private func current(until deadline: Instant) -> Result<VaultToken, SecretFailure> {
        token.withLock { token in
            switch token?.step(now: .now) ?? .logIn {
            case .use: break
            case .renew:
                if let old = token, let renewed = renewed(old, until: deadline) { token = renewed }
            case .logIn:
                switch logIn(until: deadline) {
                case .success(let new): token = new
                case .failure(let failure):
                    // The old one may live on for a while.
                    guard let old = token, Instant.now < old.end else { return .failure(failure) }
                }
            }
            return token.map { .success($0) } ?? .failure(.unavailable("\(endpoint.name) has given no token", remedy: "check `auth` of the source"))
        }
    }

    private func renewed(_ token: VaultToken, until deadline: Instant) -> VaultToken? {
        guard case .success(let response) = send("POST", "v1/auth/token/renew-self", body: [:], token: token.text, until: deadline) else {
            return nil
        }
        let renewed = VaultAnswer.token(response, now: .now)
        if let renewed, renewed.end != .never, renewed.outlasts(token) { return renewed }
        // Its longest life is reached: whoever can log in does so before it ends.
        guard settings.auth.token == nil, case .success(let new) = logIn(until: deadline) else { return nil }
        return new
    }

    private func logIn(until deadline: Instant) -> Result<VaultToken, SecretFailure> {
        let auth = settings.auth
        if let token = auth.token { return lookUp(token, until: deadline) }
        var mount = "", body = JSONObject()
        if let role = auth.appRole {
            mount = role.mount
            body["role_id"] = .string(role.roleId)
            if let secret = role.secretId { body["secret_id"] = .string(secret) }
        } else if let role = auth.kubernetes {
            mount = role.mount
            let file = ConfigurationFile(role.tokenFile, in: role.$tokenFile.position.file).path
            guard let token = TextFile.read(file) else {
                return .failure(.unavailable("the token of the service account can't be read: \(file)", remedy: "check `tokenFile` of the source"))
            }
            body["role"] = .string(role.role)
            body["jwt"] = .string(String(token.filter { !$0.isWhitespace }))
        }
        return send("POST", "v1/auth/\(mount)/login", body: .object(body), until: deadline).flatMap { response in
            if let token = VaultAnswer.token(response, now: .now) { return .success(token) }
            if response.status == 429 || response.status >= 500 { return .failure(VaultAnswer.trouble(response, endpoint.name)) }
            return .failure(
                .unavailable(
                    "\(endpoint.name) refuses the login at auth/\(mount): \(response.status)\(VaultAnswer.errors(response))",
                    remedy: "check `auth` and `namespace` of the source"))
        }
    }

    private func lookUp(_ token: String, until deadline: Instant) -> Result<VaultToken, SecretFailure> {
        send("GET", "v1/auth/token/lookup-self", token: token, until: deadline).flatMap { response in
            if let known = VaultAnswer.token(token, lookup: response, now: .now) { return .success(known) }
            // A token may be allowed nothing but to read its secrets.
            if response.status == 403, !VaultAnswer.errors(response).contains("invalid token") {
                return .success(VaultToken(token, seconds: 0, isRenewable: false, now: .now))
            }
            if response.status == 429 || response.status >= 500 { return .failure(VaultAnswer.trouble(response, endpoint.name)) }
            return .failure(
                .unavailable(
                    "\(endpoint.name) does not accept the token: \(response.status)\(VaultAnswer.errors(response))",
                    remedy: "check `auth.token` of the source"))
        }
    }
}
