package import GatewayCore
import Identity
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Lets consumers in by a key (`docs/guides/consumers.md`).
///
/// A key is known by its SHA-256 alone. What an event loop has seen it remembers, so an exchange whose key is known, in the file or in
/// that memory, costs no task; only a key that the database has to be asked for waits.
package final class APIKey: Policy, AsyncRequestPolicy {
    package struct Config: Settings {
        @Setting("Where requests carry the key.")
        package var `in`: APIKeyPlace = .header

        @Setting("Name of the header, query parameter or cookie.")
        package var name: String = "x-api-key"

        @Setting("What stands before the key in a header, such as `Bearer` or `ApiKey`, with a space behind it. Left out: nothing.")
        package var scheme: String?

        @Setting("Takes the key away before the request goes on, so that no upstream ever sees it. `false` forwards it.")
        package var hideCredentials: Bool = true

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        @Setting(
            "How long a key of the database is remembered, and so how long one that is revoked still works. Keys of the file follow the file.",
            .milliseconds(1) ... .seconds(86_400))
        package var cache: Duration = .seconds(10)

        @Setting("Keys that each event loop remembers, 56 bytes each.", 8...1_048_576)
        package var capacity: Int = 8192

        package static var about: String { "Lets consumers in by an API key in a header, the query or a cookie." }
        package init() {}
    }

    package static let id = "api-key"
    package static let example = """
        api-key: { in: header, name: x-api-key }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid, .identityUnavailable]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let field: APIKeyField
    private let hidesKey: Bool
    private let challenge: Challenge
    private let missing: String
    private let identities: IdentityDirectory
    private let memory: LoopLocal<CredentialMemory>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        field = try APIKeyField(config)
        hidesKey = config.hideCredentials
        try Challenge.check(realm: config.$realm)
        challenge = Challenge(scheme: config.scheme ?? "ApiKey", [("realm", config.realm)])
        missing = "This needs an API key, in the \(config.in.described) \(config.name)."
        identities = context.identities
        if identities.store == nil, identities.file.count(of: .apiKey) == 0 {
            context.warn(
                "no consumer has an API key, so every request is refused",
                remedy: "`sluice keys create` makes one, and prints the lines to add to a consumer")
        }
        let lifetime = config.cache.nanoseconds, capacity = config.capacity
        do throws(CryptoError) {
            _ = try IdentityKeyMaker()
        } catch {
            throw PolicyError("keys can't be hashed: \(error)")
        }
        memory = LoopLocal(loops: context.loops) { CredentialMemory(capacity: capacity, lifetime: lifetime) }
    }

    private enum Reading {
        case decided(Verdict)
        /// The database has to be asked.
        case unknown(IdentityKey)
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch read(exchange) {
        case .decided(let verdict): verdict
        case .unknown: nil
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        switch read(exchange) {
        // Another exchange has asked for the same meanwhile.
        case .decided(let verdict): verdict
        case .unknown(let key): decide(key, await identities.find(key), exchange)
        }
    }

    private func read(_ exchange: Exchange) -> Reading {
        switch field.read(exchange) {
        case .none: return .decided(challenge.refuse(.credentialsMissing, exchange, missing))
        case .malformed: return .decided(refuse(exchange))
        case .key(let view):
            guard let key = memory[exchange].keys?.apiKey(view) else { return .decided(.refuse(.internalError)) }
            switch memory[exchange].cache.verdict(of: key.digest, now: exchange.loop.now) {
            case .accepted(let principal): return .decided(accept(principal, exchange))
            case .refused: return .decided(refuse(exchange))
            case nil: return identities.findNow(key).map { .decided(decide(key, $0, exchange)) } ?? .unknown(key)
            }
        }
    }

    private func decide(_ key: IdentityKey, _ answer: IdentityDirectory.Answer, _ exchange: Exchange) -> Verdict {
        switch answer {
        case .unavailable: return .refuse(.identityUnavailable)
        case .found(let record) where record.counts(at: exchange.unixSeconds):
            let principal = Principal(method: APIKey.id, subject: record.id, consumer: record.consumer, expires: record.expires)
            memory[exchange].cache.remember(.accepted(principal), for: key.digest, now: exchange.loop.now)
            return accept(principal, exchange)
        case .found, .none:
            memory[exchange].cache.remember(.refused, for: key.digest, now: exchange.loop.now)
            return refuse(exchange)
        }
    }

    private func accept(_ principal: Principal, _ exchange: Exchange) -> Verdict {
        guard principal.counts(at: exchange.unixSeconds) else { return refuse(exchange) }
        exchange.identify(principal)
        if hidesKey { field.remove(from: exchange) }
        return .proceed
    }

    private func refuse(_ exchange: Exchange) -> Verdict { challenge.refuse(.credentialsInvalid, exchange, "The API key is not accepted.") }
}

package enum APIKeyPlace: String, SettingChoice {
    case header, query, cookie

    fileprivate var described: String {
        switch self {
        case .header: "header field"
        case .query: "query parameter"
        case .cookie: "cookie"
        }
    }
}
