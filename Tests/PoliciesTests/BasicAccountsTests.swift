import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema
import Testing

@testable import Identity
@testable import Policies

@Suite struct BasicAccountsTests {
    private static let hashes = [
        "$2y$10$gKy2JCu4Oou5vcZglHL1CuebQH7LRsd8tYcfvLStfZuag8H3vabvS", "$2y$05$V2UxmmyjPkkKeIHgM9GQmOBX2qMLbFyYUcdcT6zmM53O2p3L9uq2S",
    ]

    private func accounts(_ warnings: PolicyWarnings = PolicyWarnings()) throws -> BasicAccounts {
        let consumers = BasicAccountsTests.hashes.enumerated().map { i, hash in
            var basic = BasicCredential()
            basic.username = "user\(i)"
            basic.passwordHash = hash
            var credential = Credential()
            credential.basic = basic
            return (consumer: Consumer(name: "consumer\(i)"), credentials: [credential])
        }
        return try BasicAccounts(PolicyContext(label: "basic-auth", loops: 1, consumers: consumers, warnings: warnings))
    }

    private func attempt(_ accounts: BasicAccounts, _ user: String, _ hash: KeyedHash) throws -> BasicAccounts.Attempt {
        let attempt = user.withView { user in
            "guess".withView { password in
                hash.key(user: user, password: password).flatMap { key in
                    accounts.attempt(user: user, password: password, key: key) { hash.key(user: user, password: ByteView()) }
                }
            }
        }
        return try #require(attempt)
    }

    @Test func aKnownUserIsVerifiedWithItsOwnHash() throws {
        let accounts = try accounts()
        let hash = try KeyedHash(.random())
        for i in 0..<2 {
            let attempt = try attempt(accounts, "user\(i)", hash)
            #expect(attempt.account == i)
            #expect(try attempt.hash == PasswordHash(parsing: BasicAccountsTests.hashes[i]))
            #expect(accounts.consumer(i)?.name == "consumer\(i)")
        }
    }

    /// All costs that known users have are those of unknown ones too, and a name does not change its cost from one guess to the next.
    @Test func anUnknownUserCostsWhatSomeKnownOneCosts() throws {
        let accounts = try accounts()
        let hash = try KeyedHash(.random())
        var seen: Set<PasswordHash> = []
        for i in 0..<64 {
            let first = try attempt(accounts, "nobody\(i)", hash)
            #expect(first.account == nil)
            #expect(try attempt(accounts, "nobody\(i)", hash).hash == first.hash)
            seen.insert(first.hash)
        }
        #expect(seen.count == 2)
    }

    @Test func aWeakHashIsWarnedOfWithoutBeingRepeated() throws {
        let warnings = PolicyWarnings()
        _ = try accounts(warnings)
        let flaws = warnings.take()
        #expect(flaws.count == 1)
        #expect(flaws.first?.message.hasPrefix("consumer `consumer1`: the cost of the bcrypt hash is below 10") == true)
        #expect(flaws.first?.message.contains("V2Uxmmyj") == false)
    }

    @Test func withoutConsumersThereIsNothingToVerifyAndAWarning() throws {
        let warnings = PolicyWarnings()
        let accounts = try BasicAccounts(PolicyContext(label: "basic-auth", loops: 1, warnings: warnings))
        let key = CredentialKey(words: (1, 2, 3, 4))
        #expect("a".withView { accounts.attempt(user: $0, password: $0, key: key) { key } } == nil)
        #expect(warnings.take().count == 1)
    }
}
