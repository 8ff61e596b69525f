import CAllocations
import Identity
import Primitives
import Testing

@Suite struct KeyedHashTests {
    private func hex(_ user: String, _ password: String, _ hash: KeyedHash) throws -> String {
        let key = try #require(user.withView { user in password.withView { hash.key(user: user, password: $0) } })
        let words = [key.words.0, key.words.1, key.words.2, key.words.3]
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// As Python's `hashlib.blake2s` computes them, with the length of the user as eight bytes in front.
    @Test func knownKeys() throws {
        let hash = try KeyedHash(KeyedHash.Secret(bytes: Array(0..<32)))
        for _ in 0..<2 {
            #expect(try hex("ab", "c", hash) == "583d1b2c0b249fdb2151d3cc7dab24aee2492d59c8fcd0d69ecffc8cab464b66")
            #expect(try hex("", "", hash) == "c8d3d78822bffa71e840866d43e40eeedfb4686828b0cc6c677f2910579d0dfe")
            #expect(try hex("alice", String(repeating: "p", count: 100), hash) == "7244a6453b4e57f5cb65c94ef43c1dd8d8619e53318b2178d441ec3f296c7d89")
        }
    }

    @Test func whereTheUserEndsCounts() throws {
        let hash = try KeyedHash(.random())
        let parts = [("", "abc"), ("a", "bc"), ("ab", "c"), ("abc", "")]
        #expect(try Set(parts.map { try hex($0.0, $0.1, hash) }).count == parts.count)
    }

    @Test func theSecretDecides() throws {
        let secret = try KeyedHash.Secret.random()
        let one = try KeyedHash(secret), same = try KeyedHash(secret), other = try KeyedHash(.random())
        #expect(try hex("a", "b", one) == hex("a", "b", same))
        #expect(try hex("a", "b", one) != hex("a", "b", other))
        #expect("\(secret)" == "secret")
    }

    @Test func keysAreEqualWhenAllWordsAre() {
        let key = CredentialKey(words: (1, 2, 3, 4))
        #expect(key == CredentialKey(words: (1, 2, 3, 4)))
        for other in [(0, 2, 3, 4), (1, 0, 3, 4), (1, 2, 0, 4), (1, 2, 3, 0)] as [(UInt64, UInt64, UInt64, UInt64)] {
            #expect(key != CredentialKey(words: other))
        }
    }

    @Test func nothingIsAllocated() throws {
        let hash = try KeyedHash(.random())
        let password = ByteBuffer()
        password.append(text: String(repeating: "p", count: 300))
        _ = hash.key(user: ByteView("alice"), password: password.view)
        let before = allocations_of_this_thread()
        guard before >= 0 else { return }
        for _ in 0..<100 { _ = hash.key(user: ByteView("alice"), password: password.view) }
        #expect(allocations_of_this_thread() == before)
    }
}
