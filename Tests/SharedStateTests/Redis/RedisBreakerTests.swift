import Reactor
import Testing

@testable import SharedState

@Suite struct RedisBreakerTests {
    private func at(_ milliseconds: Int) -> Instant { Instant(nanoseconds: .milliseconds(milliseconds)) }

    @Test func aGoodConnectionThatEndsIsMadeAgainInPeace() {
        var breaker = RedisBreaker()
        breaker.connected(at: at(0))
        #expect(breaker.lost(.ended, at: at(5000), random: 0) == at(5000))
        #expect(!breaker.isOpen)
        // One that ends again and again is not good.
        breaker.connected(at: at(5010))
        #expect(breaker.lost(.ended, at: at(5020), random: 1) == at(5120))
        #expect(breaker.isOpen && breaker.openings == 1)
    }

    @Test func silenceOpensAtOnce() {
        var breaker = RedisBreaker()
        breaker.connected(at: at(0))
        #expect(breaker.lost(.silent, at: at(5000), random: 0) == at(5000))
        #expect(breaker.isOpen)
        breaker.connected(at: at(6000))
        #expect(!breaker.isOpen)
    }

    @Test func pausesGrowToASecond() {
        var breaker = RedisBreaker()
        let pauses = (0..<8).map { _ in (breaker.failed(at: at(0), random: 1) - at(0)) / 1_000_000 }
        #expect(pauses == [50, 100, 200, 400, 800, 1000, 1000, 1000])
        #expect(breaker.failed(at: at(0), random: 0) == at(500))
        #expect(breaker.openings == 1)
        breaker.forget()
        #expect(breaker.failed(at: at(0), random: 1) == at(50))
    }
}
