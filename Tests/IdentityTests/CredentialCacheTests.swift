import Identity
import Reactor
import Testing

@Suite struct CredentialCacheTests {
    /// Keys of the same set, whatever the capacity.
    private func key(_ number: Int, set: UInt64 = 0) -> CredentialKey {
        CredentialKey(words: (set, 0, 0, UInt64(truncatingIfNeeded: number)))
    }

    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func verdictsAreKeptForTheirTime() {
        var cache = CredentialCache<Int32>(capacity: 16, accepted: .seconds(60), refused: .seconds(5))
        #expect(cache.verdict(of: key(1), now: start) == nil)
        cache.remember(.accepted(7), for: key(1), now: start)
        cache.remember(.refused, for: key(2), now: start)
        #expect(cache.verdict(of: key(1), now: start) == .accepted(7))
        #expect(cache.verdict(of: key(2), now: start + .milliseconds(4999)) == .refused)
        #expect(cache.verdict(of: key(2), now: start + .seconds(5)) == nil)
        #expect(cache.verdict(of: key(1), now: start + .milliseconds(59_999)) == .accepted(7), "asking does not make it longer")
        #expect(cache.verdict(of: key(1), now: start + .seconds(60)) == nil)
        #expect(cache.verdict(of: key(3), now: start) == nil)
    }

    @Test func theLastVerdictCounts() {
        var cache = CredentialCache<Int32>(capacity: 8)
        cache.remember(.refused, for: key(1), now: start)
        cache.remember(.accepted(-1), for: key(1), now: start)
        #expect(cache.verdict(of: key(1), now: start) == .accepted(-1))
        cache.remember(.refused, for: key(1), now: start)
        #expect(cache.verdict(of: key(1), now: start) == .refused)
        cache.removeAll()
        #expect(cache.verdict(of: key(1), now: start) == nil)
    }

    @Test func theOneNotAskedForLongestGoes() {
        var cache = CredentialCache<Int32>(capacity: 8)
        for i in 0..<8 { cache.remember(.accepted(Int32(i)), for: key(i), now: start) }
        for i in [0, 1, 2, 4, 5, 6, 7] { _ = cache.verdict(of: key(i), now: start) }
        cache.remember(.accepted(8), for: key(8), now: start)
        #expect((0..<9).filter { cache.verdict(of: key($0), now: start) == nil } == [3])
    }

    @Test func whatIsOverGoesFirst() {
        var cache = CredentialCache<Int32>(capacity: 8, accepted: .seconds(10))
        cache.remember(.accepted(0), for: key(0), now: start)
        for i in 1..<8 { cache.remember(.accepted(Int32(i)), for: key(i), now: start + .seconds(9)) }
        // Asked for last, but over.
        _ = cache.verdict(of: key(0), now: start + .seconds(9))
        cache.remember(.refused, for: key(8), now: start + .seconds(10))
        #expect((0..<9).filter { cache.verdict(of: key($0), now: start + .seconds(10)) == nil } == [0])
    }

    @Test func aFloodOfWrongPasswordsPushesOutNobody() {
        var cache = CredentialCache<Int32>(capacity: 8)
        for i in 0..<4 { cache.remember(.accepted(Int32(i)), for: key(i), now: start) }
        for i in 100..<1000 { cache.remember(.refused, for: key(i), now: start) }
        #expect((0..<4).allSatisfy { cache.verdict(of: key($0), now: start) == .accepted(Int32($0)) })
        #expect((100..<1000).filter { cache.verdict(of: key($0), now: start) != nil } == [996, 997, 998, 999])
        // Acceptances take the places of refusals; then there is no room for any.
        for i in 4..<8 { cache.remember(.accepted(Int32(i)), for: key(i), now: start) }
        cache.remember(.refused, for: key(1000), now: start)
        #expect((0..<8).allSatisfy { cache.verdict(of: key($0), now: start) == .accepted(Int32($0)) })
        #expect(cache.verdict(of: key(1000), now: start) == nil)
    }

    @Test func capacity() {
        for (asked, given) in [(-1, 8), (0, 8), (8, 8), (9, 16), (4096, 4096), (5000, 8192)] {
            #expect(CredentialCache<Int32>(capacity: asked).capacity == given)
        }
        var cache = CredentialCache<Int32>(capacity: 64)
        for i in 0..<64 { cache.remember(.accepted(Int32(i)), for: key(i, set: UInt64(i / 8)), now: start) }
        #expect((0..<64).allSatisfy { cache.verdict(of: key($0, set: UInt64($0 / 8)), now: start) == .accepted(Int32($0)) })
    }

    /// The clock and the lifetimes at their ends: nothing overflows.
    @Test func extremes() {
        var cache = CredentialCache<Int32>(capacity: 8, accepted: .max, refused: 0)
        let late = Instant(nanoseconds: .max - 1)
        cache.remember(.accepted(1), for: key(1), now: late)
        cache.remember(.refused, for: key(2), now: late)
        #expect(cache.verdict(of: key(1), now: late) == .accepted(1) && cache.verdict(of: key(2), now: late) == nil)
        cache.remember(.accepted(1), for: CredentialKey(words: (.max, .max, .max, .max)), now: late)
        #expect(cache.verdict(of: CredentialKey(words: (.max, .max, .max, .max)), now: late) == .accepted(1))
    }
}
