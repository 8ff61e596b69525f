import Primitives
import Testing

@testable import Policies

@Suite struct TokenCacheTests {
    private let token = Array("header.payload.a-signature-of-more-than-thirty-two-bytes".utf8)

    private func value(_ cache: inout TokenCache<Int>, _ token: [UInt8], now: Int = 0, version: UInt64 = 0) -> Int? {
        token.withView { cache.value(of: $0, version: version, now: now) }
    }

    private func remember(_ cache: inout TokenCache<Int>, _ value: Int, _ token: [UInt8], until end: Int = 100, now: Int = 0, version: UInt64 = 0) {
        token.withView { cache.remember(value, for: $0, version: version, until: end, now: now) }
    }

    @Test func knownUntilItEnds() {
        var cache = TokenCache<Int>(capacity: 64, seed: 1)
        #expect(value(&cache, token) == nil)
        remember(&cache, 7, token)
        #expect(value(&cache, token, now: 99) == 7)
        #expect(value(&cache, token, now: 100) == nil)
        remember(&cache, 8, token)
        #expect(value(&cache, token) == 8)
        remember(&cache, 9, token, until: 0)
        #expect(value(&cache, token) == 8)
    }

    @Test func everyByteCounts() {
        var cache = TokenCache<Int>(capacity: 64, seed: 1)
        remember(&cache, 7, token)
        for i in token.indices {
            var other = token
            other[i] ^= 1
            #expect(value(&cache, other) == nil)
        }
        #expect(value(&cache, Array(token.dropLast())) == nil && value(&cache, Array(token.dropFirst())) == nil)
        #expect(value(&cache, token + token) == nil && value(&cache, []) == nil)
    }

    /// Tokens that end in the same bytes share a set, and are told apart all the same.
    @Test func sameEnds() {
        var cache = TokenCache<Int>(capacity: 64, seed: 1)
        for i in 0..<4 { remember(&cache, i, [UInt8(i)] + token) }
        for i in 0..<4 { #expect(value(&cache, [UInt8(i)] + token) == i) }
        // The one that was asked for longest ago goes.
        #expect(value(&cache, [0] + token) == 0)
        remember(&cache, 4, [4] + token)
        #expect(value(&cache, [1] + token) == nil)
        for i in [0, 2, 3, 4] { #expect(value(&cache, [UInt8(i)] + token) == i) }
    }

    @Test func anotherVersionForgetsAll() {
        var cache = TokenCache<Int>(capacity: 64, seed: 1)
        remember(&cache, 7, token)
        #expect(value(&cache, token, version: 1) == nil)
        #expect(value(&cache, token, version: 0) == nil)
        remember(&cache, 8, token, version: 2)
        #expect(value(&cache, token, version: 2) == 8)
    }

    @Test func boundedInNumberAndBytes() {
        var cache = TokenCache<Int>(capacity: 1024, seed: 1)
        for i in 0..<100_000 { remember(&cache, i, Array("\(i)".utf8)) }
        var known = 0
        for i in 0..<100_000 where value(&cache, Array("\(i)".utf8)) == i { known += 1 }
        #expect(known <= 1024 && known > 900)
        var large = TokenCache<Int>(capacity: 65_536, seed: 1)
        let filling = [UInt8](repeating: 0, count: 64 << 10)
        for i in 0..<300 { remember(&large, i, filling + Array("\(i)".utf8)) }
        var kept = 0
        for i in 0..<300 where value(&large, filling + Array("\(i)".utf8)) != nil { kept += 1 }
        #expect(kept > 0 && kept <= 256)
        var none = TokenCache<Int>(capacity: 0, seed: 1)
        remember(&none, 7, token)
        #expect(value(&none, token) == nil)
    }
}
