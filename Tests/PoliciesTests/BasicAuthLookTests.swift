import GatewayCore
import PolicyKit
import Primitives
import Testing

@testable import Identity
@testable import Policies

@Suite struct BasicAuthLookTests {
    private static let hashes = [
        "$2y$10$gKy2JCu4Oou5vcZglHL1CuebQH7LRsd8tYcfvLStfZuag8H3vabvS", "$2y$05$V2UxmmyjPkkKeIHgM9GQmOBX2qMLbFyYUcdcT6zmM53O2p3L9uq2S",
    ]

    private func policy(expires: Int? = nil, isEnabled: Bool = true, _ warnings: PolicyWarnings = PolicyWarnings()) throws -> BasicAuth {
        let keys = try IdentityKeyMaker()
        var builder = MemoryIdentityStore.Builder(consumers: 2, credentials: 2)
        for (i, hash) in BasicAuthLookTests.hashes.enumerated() {
            let owner = builder.add(Consumer(name: "consumer\(i)"))
            let key = try #require("user\(i)".withView { keys.basic(user: $0) })
            let isNew = builder.add(key, owner: owner, secret: Array(hash.utf8), expires: expires, isEnabled: isEnabled)
            #expect(isNew)
        }
        let identities = IdentityDirectory(file: builder.finish())
        return try BasicAuth(BasicAuth.Config(), PolicyContext(label: "basic-auth", loops: 1, identities: identities, warnings: warnings))
    }

    private func account(_ policy: BasicAuth, _ user: String, now: Int = 0) async throws -> BasicAuth.Account {
        let keys = try IdentityKeyMaker()
        let identity = try #require(user.withView { keys.basic(user: $0) })
        let attempt = BasicAuth.Attempt(key: CredentialKey(words: (1, 2, 3, 4)), user: Array(user.utf8), identity: identity, password: [])
        guard case .account(let account) = await policy.look(attempt, now: now) else { throw CryptoError("no account") }
        return account
    }

    @Test func aKnownUserIsVerifiedWithItsOwnHash() async throws {
        let policy = try policy()
        for i in 0..<2 {
            let account = try await account(policy, "user\(i)")
            #expect(try account.hash == PasswordHash(parsing: BasicAuthLookTests.hashes[i]))
            #expect(account.principal?.consumer?.name == "consumer\(i)")
            #expect(account.principal?.subject == "user\(i)")
        }
    }

    /// All costs that known users have are those of unknown ones too, and a name does not change its cost from one guess to the next.
    @Test func anUnknownUserCostsWhatSomeKnownOneCosts() async throws {
        let policy = try policy()
        var seen: Set<PasswordHash> = []
        for i in 0..<64 {
            let first = try await account(policy, "nobody\(i)")
            #expect(first.principal == nil)
            #expect(try await account(policy, "nobody\(i)").hash == first.hash)
            seen.insert(first.hash)
        }
        #expect(seen.count == 2)
    }

    @Test func whatIsOverOrSwitchedOffCostsTheSameAndLetsNobodyIn() async throws {
        let over = try await account(try policy(expires: 100), "user0", now: 100)
        #expect(over.principal == nil)
        #expect(try over.hash == PasswordHash(parsing: BasicAuthLookTests.hashes[0]))
        #expect(try await account(try policy(expires: 100), "user0", now: 99).principal != nil)
        #expect(try await account(try policy(isEnabled: false), "user0").principal == nil)
    }

    @Test func withoutConsumersThereIsNothingToVerifyAndAWarning() async throws {
        let warnings = PolicyWarnings()
        let policy = try BasicAuth(BasicAuth.Config(), PolicyContext(label: "basic-auth", loops: 1, warnings: warnings))
        #expect(warnings.take().count == 1)
        #expect(!policy.identities.hasPasswords)
    }
}
