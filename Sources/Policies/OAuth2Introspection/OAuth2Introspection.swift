package import GatewayCore
import Identity
package import Model
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Lets in who brings a token that its issuer calls active, asking the issuer (RFC 7662; `docs/guides/authorisation.md`).
///
/// What the issuer has said is remembered for a while, by a keyed hash of the token; tokens that are remembered cost no task, and one
/// that several requests bring at once is asked about once on each event loop.
package final class OAuth2Introspection: Policy, AsyncRequestPolicy {
    package struct Config: Settings {
        @Setting("The issuer's introspection endpoint.")
        package var url: CalloutURL

        @Setting("Who the gateway is to the issuer.")
        package var clientId: String

        @Setting("Its secret, for `basic` and `post`.")
        package var clientSecret: SecretText?

        @Setting("How it shows that: `basic` and `post` send the secret, `private-key-jwt` a statement signed with `key` (RFC 7523).")
        package var authentication: Authentication = .basic

        @Setting("PEM file of the private key, for `private-key-jwt`.")
        package var key: ConfigurationFile?

        @Setting("What the issuer calls that key. Left out: its thumbprint (RFC 7638).")
        package var keyId: String?

        @Setting("Whom the statement is for. Left out: the endpoint's URL.")
        package var assertionAudience: String?

        @Setting("What `iss` has to be. Left out: it is not looked at.")
        package var issuer: String?

        @Setting("What `aud` has to name; one of several is enough. Left out: it is not looked at.")
        package var audience: [String] = []

        @Setting("Scopes that the token must have, all of them; otherwise the answer is 403.")
        package var requiredScopes: [String] = []

        @Setting("Member of the answer that names the consumer, as the consumer's credential `jwtClaim` has it.")
        package var consumerClaim: String?

        @Setting("Refuses tokens that belong to no consumer.")
        package var requireConsumer: Bool = false

        @Setting("How long an active token is remembered, and never longer than it is valid. `0s` asks each time.", .zero ... .seconds(86_400))
        package var cache: Duration = .seconds(60)

        @Setting("How long a token that is not active is remembered. `0s` asks each time.", .zero ... .seconds(3600))
        package var negativeCache: Duration = .seconds(10)

        @Setting("Tokens of each kind that an event loop remembers at most.", 2...1_000_000)
        package var cacheCapacity: Int = 10_000

        @Setting("Takes the token away before the request goes on. `false` forwards it.")
        package var hideCredentials: Bool = true

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        @Setting("For the whole question.", .milliseconds(1) ... .seconds(60))
        package var timeout: Duration = .seconds(5)

        @Setting("TLS with the issuer, beyond that its URL begins with `https`.")
        package var tls: CalloutTLSSettings?

        package static var about: String { "Lets in who brings a token that its issuer calls active: OAuth 2.0 token introspection." }
        package init() {}
    }

    package enum Authentication: String, SettingChoice {
        case basic, post
        case privateKeyJWT = "private-key-jwt"
    }

    package static let id = "oauth2-introspection"
    package static let example = """
        oauth2-introspection: { url: "https://id.internal/introspect", clientId: gateway, clientSecret: gateway-secret }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid, .insufficientScope, .identityUnavailable]
    package static var provides: [Fact] { [.consumer, .claims] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    package let provided: [Fact]
    let endpoint: IntrospectionEndpoint
    let rules: IntrospectionRules
    let consumers: TokenConsumers?
    let memory: LoopLocal<IntrospectionMemory>
    private let hidesCredentials: Bool
    private let challenges: BearerChallenges

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try Challenge.check(realm: config.$realm)
        endpoint = try IntrospectionEndpoint(config, context)
        rules = IntrospectionRules(issuer: config.issuer, audience: config.audience, scopes: config.requiredScopes)
        if config.requireConsumer, config.consumerClaim == nil {
            throw PolicyError(
                "without `consumerClaim` no token belongs to a consumer", at: config.$requireConsumer.position, path: "requireConsumer")
        }
        consumers = config.consumerClaim.map { TokenConsumers(claim: $0, isRequired: config.requireConsumer, context.identities) }
        provided = consumers == nil ? [.claims] : [.consumer, .claims]
        challenges = BearerChallenges(realm: config.realm, scopes: config.requiredScopes)
        hidesCredentials = config.hideCredentials
        memory = try IntrospectionMemory.forLoops(config, context)
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch BearerToken.read(exchange.request.fields) {
        case .missing: return challenges.missing(exchange)
        case .several: return challenges.invalid(exchange)
        case .token(let token):
            guard let key = memory[exchange].key(of: token) else { return .refuse(.internalError) }
            return memory[exchange].known(key, now: exchange.loop.now).map { follow($0, exchange) }
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        guard case .token(let view) = BearerToken.read(exchange.request.fields), let key = memory[exchange].key(of: view) else {
            return challenges.invalid(exchange)
        }
        let token = view.array
        let loop = exchange.loop
        let answer = await memory[exchange].flights.value(for: key, on: loop) { [self] in await ask(token, on: loop) }
        switch answer {
        case .failure(let error):
            exchange.noteAuthorization(error.detail)
            return .refuse(GatewayError(.identityUnavailable, .gateway, "Credentials can't be checked at the moment; try again shortly."))
        case .success(let finding):
            memory[exchange].remember(finding, for: key, now: loop.now, seconds: exchange.unixSeconds)
            return follow(finding, exchange)
        }
    }

    private func follow(_ finding: IntrospectionFinding, _ exchange: Exchange) -> Verdict {
        switch finding {
        case .refused: return challenges.invalid(exchange)
        case .insufficient: return challenges.insufficient(exchange)
        case .accepted(let principal):
            guard principal.counts(at: exchange.unixSeconds) else { return challenges.invalid(exchange) }
            exchange.identify(principal)
            if hidesCredentials { exchange.request.fields.remove(.authorization) }
            return .proceed
        }
    }
}
