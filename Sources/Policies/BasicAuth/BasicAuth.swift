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
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid, .authenticationBusy]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let challenge: Challenge
    private let hidesCredentials: Bool
    let accounts: BasicAccounts
    let memory: LoopLocal<BasicAuthMemory>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try Challenge.check(realm: config.$realm)
        // RFC 7617 §2.1.
        challenge = Challenge(scheme: "Basic", [("realm", config.realm), ("charset", "UTF-8")])
        hidesCredentials = config.hideCredentials
        accounts = try BasicAccounts(context)
        let lifetime = config.cache.nanoseconds
        let count = accounts.count
        let secret: KeyedHash.Secret
        do throws(CryptoError) {
            secret = try BasicAuth.processSecret.get()
            _ = try KeyedHash(secret)
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
        let attempt: BasicAccounts.Attempt
        switch read(exchange) {
        // Another exchange has asked for the same meanwhile.
        case .decided(let verdict): return verdict
        case .unknown(let found): attempt = found
        }
        let result = await BasicAuth.workers.verify(key: attempt.key, hash: attempt.hash, password: attempt.password)
        let now = exchange.loop.now
        switch result {
        case .busy: return .refuse(.authenticationBusy, "Too many passwords are being verified at the moment; try again shortly.")
        case .matches:
            // Whoever guesses somebody's password under a name that does not exist gets no further.
            guard let account = attempt.account else { break }
            memory[exchange].remember(.accepted(Int32(truncatingIfNeeded: account)), for: attempt.key, now: now)
            return accept(account, exchange)
        case .differs: break
        }
        memory[exchange].remember(.refused, for: attempt.key, now: now)
        return refuse(.credentialsInvalid, exchange)
    }

    // MARK: Answering

    func accept(_ index: Int, _ exchange: Exchange) -> Verdict {
        exchange.consumer = accounts.consumer(index)
        if hidesCredentials { exchange.request.fields.remove(.authorization) }
        return .proceed
    }

    func refuse(_ reason: Reason, _ exchange: Exchange, _ detail: String? = nil) -> Verdict {
        let usual =
            reason == .credentialsMissing
            ? "This needs a user name and a password, by HTTP basic authentication." : "User name or password are wrong."
        return challenge.refuse(reason, exchange, detail ?? usual)
    }
}
