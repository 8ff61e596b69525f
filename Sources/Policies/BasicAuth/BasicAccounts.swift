import GatewayCore
import Identity
import Model
import PolicyKit
import Primitives
import Schema

/// The user names of all consumers, with their password hashes.
struct BasicAccounts: Sendable {
    private struct Account: Sendable {
        let consumer: Consumer
        let hash: PasswordHash
    }

    /// What a thread has to verify.
    struct Attempt: Sendable {
        let key: CredentialKey
        let hash: PasswordHash
        let password: [UInt8]
        /// The place of the account; nil when there is no such user, whatever comes out.
        let account: Int?
    }

    private let accounts: [Account]
    private let places: [[UInt8]: Int]

    /// Every hash that can't be used is an error at its own place; one that is weak, a warning.
    init(_ context: PolicyContext) throws(PolicyError) {
        var accounts: [Account] = []
        var places: [[UInt8]: Int] = [:]
        var flaws: [PolicyError.Flaw] = []
        for (consumer, credentials) in context.consumers {
            for basic in credentials.compactMap(\.basic) {
                let place = basic.$passwordHash.position
                do throws(PasswordHashError) {
                    let hash = try PasswordHash(parsing: basic.passwordHash)
                    if let advice = hash.advice { context.warn("consumer `\(consumer.name)`: \(advice)", at: place) }
                    places[Array(basic.username.utf8)] = accounts.count
                    accounts.append(Account(consumer: consumer, hash: hash))
                } catch {
                    flaws.append(PolicyError.Flaw("consumer `\(consumer.name)`: \(error.message)", at: place))
                }
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        if accounts.isEmpty {
            context.warn(
                "no consumer has a user name and a password, so every request is refused",
                remedy: "add `credentials: [{ basic: { username: …, passwordHash: … } }]` to a consumer")
        }
        self.accounts = accounts
        self.places = places
    }

    var count: Int { accounts.count }

    func consumer(_ place: Int) -> Consumer? { accounts.indices.contains(place) ? accounts[place].consumer : nil }

    /// What to verify for these credentials; nil when nobody has any. `name` answers a key of the user's name alone.
    ///
    /// For a user that does not exist it is the hash of one who does, always the same one for the same name: an unknown user takes
    /// as long as a known one, even where hashes have different costs, and asking twice tells nothing either.
    func attempt(user: ByteView, password: ByteView, key: CredentialKey, name: () -> CredentialKey?) -> Attempt? {
        guard !accounts.isEmpty else { return nil }
        if let place = places[user.array] {
            return Attempt(key: key, hash: accounts[place].hash, password: password.array, account: place)
        }
        guard let decoy = name() else { return nil }
        let place = Int(truncatingIfNeeded: decoy.words.0 % UInt64(accounts.count))
        return Attempt(key: key, hash: accounts[place].hash, password: password.array, account: nil)
    }
}
