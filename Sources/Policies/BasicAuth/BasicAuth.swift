package import GatewayCore
import Identity
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Lets consumers in by user name and password (RFC 7617).
///
/// A password is hashed once and then remembered as a keyed hash, so an exchange whose credentials are known costs no task. All
/// others wait while a thread verifies: the event loop goes on with its other exchanges.
package final class BasicAuth: Policy, AsyncRequestPolicy {
    package struct Config: Settings {
        @Setting("What the browser's dialogue calls the protected place: the `realm` of the challenge.")
        package var realm: String = "API"

        @Setting(
            "How long a verified password is remembered, in memory and as a keyed hash only; a wrong one for at most ten seconds. `0s` hashes the password of every request.",
            .zero ... .seconds(86_400))
        package var cache: Duration = .seconds(300)

        @Setting(
            "Takes the `Authorization` field away before the request goes on, so that no upstream ever sees a password. `false` forwards it.")
        package var hideCredentials: Bool = true

        package static var about: String { "Lets consumers in by user name and password: HTTP basic authentication." }
        package init() {}
    }

    package static let id = "basic-auth"
    package static let example = """
        basic-auth: {}
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid, .authenticationBusy, .identityUnavailable]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let challenge: Challenge
    private let hidesCredentials: Bool
    let identities: IdentityDirectory
    let memory: LoopLocal<BasicAuthMemory>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try Challenge.check(realm: config.$realm)
        // RFC 7617 §2.1.
        challenge = Challenge(scheme: "Basic", [("realm", config.realm), ("charset", "UTF-8")])
        hidesCredentials = config.hideCredentials
        identities = context.identities
        if !identities.hasPasswords {
            context.warn(
                "no consumer has a user name and a password, so every request is refused",
                remedy: "add `credentials: [{ basic: { username: …, passwordHash: … } }]` to a consumer")
        }
        let lifetime = config.cache.nanoseconds
        let count = identities.store == nil ? identities.file.passwordCount : .max >> 8
        let secret: KeyedHash.Secret
        do throws(CryptoError) {
            secret = try BasicAuth.processSecret.get()
            _ = try KeyedHash(secret)
            _ = try IdentityKeyMaker()
        } catch {
            throw PolicyError("passwords can't be remembered: \(error)")
        }
        memory = LoopLocal(loops: context.loops) { BasicAuthMemory(secret, accounts: count, lifetime: lifetime) }
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch read(exchange) {
        case .decided(let verdict): verdict
        case .unknown: nil
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let attempt: Attempt
        switch read(exchange) {
        // Another exchange has asked for the same meanwhile.
        case .decided(let verdict): return verdict
        case .unknown(let found): attempt = found
        }
        let account: Account
        switch await look(attempt, now: exchange.unixSeconds) {
        case .account(let found): account = found
        case .none: return refuse(attempt, exchange)
        case .unavailable: return .refuse(.identityUnavailable)
        }
        switch await BasicAuth.workers.verify(key: attempt.key, hash: account.hash, password: attempt.password) {
        case .busy: return .refuse(.authenticationBusy, "Too many passwords are being verified at the moment; try again shortly.")
        case .matches:
            // Whoever guesses somebody's password under a name that does not exist gets no further.
            guard let principal = account.principal else { break }
            memory[exchange].remember(.accepted(principal), for: attempt.key, now: exchange.loop.now)
            return attempt.user.withView { accept(principal, exchange, user: $0) }
        case .differs: break
        }
        memory[exchange].remember(.refused, for: attempt.key, now: exchange.loop.now)
        return refuse(attempt, exchange)
    }

    // MARK: Answering

    func accept(_ principal: Principal, _ exchange: Exchange, user: ByteView) -> Verdict {
        guard principal.counts(at: exchange.unixSeconds) else { return refuse(.credentialsInvalid, exchange, user: user) }
        exchange.identify(principal)
        if hidesCredentials { exchange.request.fields.remove(.authorization) }
        return .proceed
    }

    private func refuse(_ attempt: Attempt, _ exchange: Exchange) -> Verdict {
        attempt.user.withView { refuse(.credentialsInvalid, exchange, user: $0) }
    }

    /// - Parameter user: who it claims to be, for the guard against guessing.
    func refuse(_ reason: Reason, _ exchange: Exchange, _ detail: String? = nil, user: ByteView? = nil) -> Verdict {
        if let user { exchange.noteClaim(user) }
        let usual =
            reason == .credentialsMissing
            ? "This needs a user name and a password, by HTTP basic authentication." : "User name or password are wrong."
        return challenge.refuse(reason, exchange, detail ?? usual)
    }
}
