package import GatewayCore
import Identity
import Model
package import PolicyKit
package import Primitives
import Reactor
package import Schema

/// Issues tokens: an authorization server (RFC 6749, OpenID Connect) for those who have no other.
///
/// It answers its endpoints and lets everything else pass. Nothing that takes long is done on event loops: passwords are hashed by the
/// threads that hash all passwords, and everything else is done on a thread of the policy's own.
package final class OAuth2Server: Policy, AsyncRequestBodyPolicy {
    package struct Config: Settings {
        @Setting(
            "What the server is called in tokens, and where clients reach it: a URL such as `https://id.example.com/auth`. The endpoints are below its path. `http` is for the machine itself only."
        )
        package var issuer: String

        @Setting("`aud` of access tokens: the APIs that they are for. Left out: the issuer.")
        package var audience: [String] = []

        @Setting("How tokens are signed.")
        package var algorithm: TokenAlgorithm = .RS256

        @Setting("How long access tokens and id tokens count.", .seconds(30) ... .seconds(86_400))
        package var accessTokens: Duration = .seconds(600)

        @Setting("How long refresh tokens count.")
        package var refreshTokens: RefreshTokens = RefreshTokens()

        @Setting("How long a code counts that a browser carries to a client.", .seconds(5) ... .seconds(600))
        package var codes: Duration = .seconds(60)

        @Setting("Devices without a browser.")
        package var devices: Devices = Devices()

        @Setting("How signing keys are replaced.")
        package var keys: Keys = Keys()

        @Setting("How people sign in.")
        package var login: Login = Login()

        @Setting(
            "A folder of the server's own, where grants, consents and signing keys survive the process. Left out: they are kept in memory.")
        package var storage: String?

        @Setting("Codes, devices, grants and consents that are kept at most, of each kind.", 100...10_000_000)
        package var capacity: Int = 100_000

        @Setting(
            "Secrets of 32 bytes or more that cookies are sealed with, newest first: the others still open. Left out: one that is kept with the keys."
        )
        package var secrets: [SecretText] = []

        @Setting("Whose pages people see: stands above their headings.")
        package var title: String?

        @Setting("What scopes mean, for the page that asks people: name to sentence.")
        package var scopes: OrderedMap<String> = [:]

        @Setting("The applications that may ask for tokens.")
        package var clients: [ClientSettings] = []

        @Setting("The people who may sign in.")
        package var users: [UserSettings] = []

        package static var about: String { "Issues tokens: an OAuth 2 and OpenID Connect server with sign-in and consent pages." }
        package init() {}
    }

    package static let id = "oauth2-server"
    package static let example = """
        oauth2-server:
          issuer: https://id.example.com
          audience: [https://api.example.com]
          clients:
            - id: reports
              secrets: ["a-secret-that-nobody-guesses"]
              grants: [client-credentials]
              scopes: [orders.read]
        """

    /// Most bytes of a request: forms are small.
    private static let mostBytes = 32 << 10

    private let endpoints: TokenEndpoints
    private let paths: EndpointPaths
    private let cookieNames: [String]
    /// What survives a reload: the store, and the thread that works on it.
    private let store: any GrantStore
    private let storage: String?
    private let worker: SerialWorker

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        paths = try config.endpointPaths()
        let predecessor = context.predecessor as? OAuth2Server
        storage = config.storage.map { ConfigurationFile($0, in: config.$storage.position.file).path }
        if let predecessor, predecessor.storage == storage {
            store = predecessor.store
            worker = predecessor.worker
        } else {
            // Whoever only checks a configuration must not take the folder from the gateway that runs.
            store = try OAuth2Server.store(context.callouts.isLive ? storage : nil, config)
            worker = SerialWorker("oauth2-server")
        }
        let users = try config.accounts(context)
        let server = TokenServer(config.tokenServerSettings, clients: try config.oauthClients(context), users: users, store: store)
        var logoutURLs: [String: CalloutURL] = [:]
        for client in config.clients { logoutURLs[client.id] = client.backchannelLogoutUri }
        do {
            // The first key is made now, so that a store or a library that can't do it is found out now.
            let now = Int(clamping: Instant.wallClock / 1_000_000_000)
            if context.callouts.isLive { _ = try server.keys.signingKey(now: now) }
            var secrets = config.secrets.map { Array($0.text.utf8) }
            if secrets.isEmpty { secrets = [try server.secret("cookies", now: now)] }
            endpoints = try TokenEndpoints(
                server, paths: paths,
                pages: SignInPages(
                    title: config.title,
                    scopes: Dictionary(config.scopes.entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })),
                accounts: try LoginAccounts(users, workers: BasicAuth.workers),
                throttle: LoginThrottle(attempts: config.login.attempts, window: config.login.window.nanoseconds),
                loginLifetime: config.login.lifetime.seconds, secrets: secrets, worker: worker, logoutURLs: logoutURLs,
                callouts: context.callouts,
                security: logoutURLs.values.contains { $0.isSecure } ? try context.callouts.security(CalloutTLS(), version: .http1) : nil)
        } catch {
            throw PolicyError("the token server can't begin: \(error)")
        }
        cookieNames = endpoints.cookieNames
    }

    private static func store(_ folder: String?, _ config: Config) throws(PolicyError) -> any GrantStore {
        guard let folder else { return MemoryGrantStore(most: config.capacity) }
        do throws(GrantStoreError) {
            return try FileGrantStore(folder: folder, most: config.capacity, now: Int(clamping: Instant.wallClock / 1_000_000_000))
        } catch {
            throw PolicyError("grants can't be kept: \(error)", at: config.$storage.position, path: "storage")
        }
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard let endpoint = paths.endpoint(at: exchange.request.path) else { return .none }
        // Browsers bring tokens and codes along.
        if endpoint.isForPeople { exchange.hidesQuery = true }
        return .whole(most: OAuth2Server.mostBytes)
    }

    package func onWholeRequestBody(_ exchange: Exchange, _ body: ByteBuffer) async -> Verdict {
        guard let endpoint = paths.endpoint(at: exchange.request.path) else { return .proceed }
        let request = ServerRequest(exchange, body: body, cookies: cookieNames)
        await endpoints.answer(endpoint, request).write(to: exchange)
        return .reply
    }
}

extension Duration {
    /// Whole seconds.
    var seconds: Int { Int(clamping: components.seconds) }
}
