import GatewayCore
import Primitives
import Testing

@testable import Identity

@Suite struct MemoryIdentityStoreTests {
    private let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    private func key(_ text: String) throws -> IdentityKey { try #require(text.withView { keys.apiKey($0) }) }

    /// Every one of many is found, and none that is not there: whatever shares a place in the index.
    @Test(arguments: [0, 1, 2, 3, 4, 5, 100, 10_000]) func allAreFoundAndNoOthers(_ count: Int) throws {
        var builder = MemoryIdentityStore.Builder(consumers: 1, credentials: count)
        let owner = builder.add(Consumer(name: "c"))
        for i in 0..<count {
            let isNew = builder.add(try key("k\(i)"), owner: owner, id: i % 3 == 0 ? "id\(i)" : nil, expires: i)
            #expect(isNew)
        }
        let store = builder.finish()
        #expect(store.count == count)
        for i in 0..<count {
            let record = try #require(store.find(try key("k\(i)")))
            #expect(record.expires == i && record.id == (i % 3 == 0 ? "id\(i)" : record.key.shown))
        }
        for i in 0..<1000 { #expect(store.find(try key("n\(i)")) == nil) }
    }

    @Test func aSecondOfTheSameKeyIsLeftOut() throws {
        var builder = MemoryIdentityStore.Builder(consumers: 2, credentials: 2)
        let first = builder.add(Consumer(name: "a")), second = builder.add(Consumer(name: "b"))
        let key = try key("k")
        let isNew = builder.add(key, owner: first), isSecond = builder.add(key, owner: second)
        #expect(isNew && !isSecond)
        #expect(builder.finish().find(key)?.consumer.name == "a")
    }

    @Test func digestsThatDifferInOneWordAreDifferent() throws {
        var builder = MemoryIdentityStore.Builder(consumers: 1, credentials: 8)
        let owner = builder.add(Consumer(name: "c"))
        let words: [(UInt64, UInt64, UInt64, UInt64)] = [(7, 0, 0, 0), (7, 1, 0, 0), (7, 0, 1, 0), (7, 0, 0, 1)]
        for (i, words) in words.enumerated() {
            let isNew = builder.add(IdentityKey(.apiKey, digest: CredentialKey(words: words)), owner: owner, id: "\(i)")
            #expect(isNew)
        }
        let store = builder.finish()
        for (i, words) in words.enumerated() {
            #expect(store.find(IdentityKey(.apiKey, digest: CredentialKey(words: words)))?.id == "\(i)")
        }
        #expect(store.find(IdentityKey(.apiKey, digest: CredentialKey(words: (7, 1, 1, 0)))) == nil)
        #expect(store.find(IdentityKey(.basic, digest: CredentialKey(words: (7, 0, 0, 0)))) == nil)
    }

    @Test func longNamesAreCut() throws {
        var builder = MemoryIdentityStore.Builder(consumers: 1, credentials: 1)
        let owner = builder.add(Consumer(name: "c"))
        let isNew = builder.add(try key("k"), owner: owner, id: String(repeating: "x", count: 300), secret: [1, 2, 3])
        #expect(isNew)
        let record = try #require(builder.finish().find(try key("k")))
        #expect(record.id.utf8.count == 255 && record.secret == [1, 2, 3])
    }

    /// What the issue promises: under 200 bytes a key, with a consumer for each.
    @Test func aKeyTakesFewBytes() throws {
        let count = 50_000
        var builder = MemoryIdentityStore.Builder(consumers: count, credentials: count)
        for i in 0..<count {
            let owner = builder.add(Consumer(name: "consumer\(i)"))
            let isNew = builder.add(try key("k\(i)"), owner: owner, id: "slk_00000000")
            #expect(isNew)
        }
        let store = builder.finish()
        // The object of a consumer with a short name takes 80 bytes more.
        #expect(store.bytes / count < 105, "\(store.bytes / count)")
    }
}

@Suite struct IdentityKeyTests {
    private let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    /// The hash of an API key is what everybody's tools print (FIPS 180-4, "abc").
    @Test func anAPIKeyIsItsSHA256() throws {
        let key = try #require("abc".withView { keys.apiKey($0) })
        #expect(key.digest == CredentialKey(words: (0xba78_16bf_8f01_cfea, 0x4141_40de_5dae_2223, 0xb003_61a3_9617_7a9c, 0xb410_ff61_f200_15ad)))
        #expect(key.shown == "sha256:ba7816bf")
        #expect(CredentialKey(bytes: key.bytes) == key.digest)
        #expect(CredentialKey(bytes: Array(key.bytes.dropLast())) == nil)
    }

    /// Nothing that is looked up in one way is found by another.
    @Test func allWaysAreApart() {
        func view<R>(_ text: String, _ body: (ByteView) -> R) -> R { text.withView { body($0) } }
        let all: [IdentityKey?] = [
            view("a") { keys.apiKey($0) }, view("a") { keys.basic(user: $0) }, view("a") { keys.hmac(keyID: $0) },
            view("a") { keys.certificate(.subject, $0) }, view("a") { keys.certificate(.san, $0) }, view("a") { keys.certificate(.spiffe, $0) },
            view("a") { keys.certificate(.fingerprint, $0) }, view("a") { keys.jwtClaim($0, value: ByteView(), issuer: nil) },
            view("a") { a in keys.jwtClaim(ByteView(), value: a, issuer: nil) }, view("a") { keys.jwtClaim($0, value: $0, issuer: nil) },
            view("aa") { keys.jwtClaim($0, value: ByteView(), issuer: nil) }, view("a") { keys.jwtClaim($0, value: ByteView(), issuer: ByteView()) },
            view("a") { keys.jwtClaim($0, value: ByteView(), issuer: $0) },
        ]
        #expect(Set(all.compactMap { $0?.digest }).count == all.count)
    }
}

@Suite struct APIKeyTextTests {
    @Test func keysAreOfOneFormAndDiffer() throws {
        var seen: Set<String> = []
        for _ in 0..<200 {
            let key = try APIKeyText.random()
            #expect(key.text.wholeMatch(of: /slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}/) != nil)
            #expect(APIKeyText.id(of: key.text) == String(key.text.prefix(12)))
            #expect("\(key)" == String(key.text.prefix(12)))
            seen.insert(key.text)
        }
        #expect(seen.count == 200)
    }

    /// All characters come, about equally often.
    @Test func noCharacterIsPreferred() throws {
        var counts: [Character: Int] = [:]
        for _ in 0..<2000 { for character in try APIKeyText.random().text.suffix(32) { counts[character, default: 0] += 1 } }
        #expect(counts.count == 62)
        // 64,000 draws: 1032 each, give or take six standard deviations.
        #expect(counts.values.allSatisfy { (840...1225).contains($0) }, "\(counts)")
    }

    @Test(arguments: [
        "", "slk_", "slk_7Gh2kQpX", "slk_7Gh2kQpX_abcdefghijklmnopqrstuvwxyz01234", "slk_7Gh2kQpX_abcdefghijklmnopqrstuvwxyz0123456",
        "slk_7Gh2kQp-_abcdefghijklmnopqrstuvwxyz012345", "slk-7Gh2kQpX_abcdefghijklmnopqrstuvwxyz012345", "0123456789abcdef",
    ])
    func whatIsOfAnotherFormHasNothingToShow(_ text: String) { #expect(APIKeyText.id(of: text) == nil) }
}
