import Identity
import Reactor
import Testing

@testable import Policies

@Suite struct DecisionCacheTests {
    private func key(_ number: Int) -> CredentialKey { CredentialKey(words: (UInt64(number), 0, 0, 0)) }
    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func untilItIsOver() {
        var cache = DecisionCache<String>(capacity: 8)
        cache.remember("a", for: key(1), until: at(10))
        #expect(
            cache.value(of: key(1), now: at(9)) == "a" && cache.value(of: key(1), now: at(10)) == nil && cache.value(of: key(2), now: at(1)) == nil)
        cache.remember("b", for: key(1), until: at(20))
        #expect(cache.value(of: key(1), now: at(10)) == "b")
    }

    @Test func neverMoreThanItMay() {
        var cache = DecisionCache<Int>(capacity: 100)
        for i in 0..<10_000 { cache.remember(i, for: key(i), until: at(10)) }
        #expect(cache.count <= 100 && cache.value(of: key(9_999), now: at(1)) == 9_999 && cache.value(of: key(0), now: at(1)) == nil)
    }

    @Test func whatIsAskedForStays() {
        var cache = DecisionCache<Int>(capacity: 100)
        cache.remember(-1, for: key(-1 & 0xffff_ffff), until: at(10))
        for i in 0..<10_000 {
            cache.remember(i, for: key(i), until: at(10))
            #expect(cache.value(of: key(-1 & 0xffff_ffff), now: at(1)) == -1)
        }
    }

    @Test func nothingAtAll() {
        var cache = DecisionCache<Int>(capacity: 0)
        cache.remember(1, for: key(1), until: at(10))
        #expect(cache.value(of: key(1), now: at(1)) == nil && cache.count == 0)
    }
}
