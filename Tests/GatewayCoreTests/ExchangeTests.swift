import GatewayCore
import Primitives
import ReactorTesting
import Testing

@Suite struct ExchangeTests {
    /// An exchange that is taken from the pool again remembers nothing of the one before.
    @Test func thePoolGivesCleanExchanges() {
        let pool = ExchangePool(loop: MemoryNetwork().loop)
        let first = pool.take()
        #expect(pool.inUse == 1)
        first.request.fields.append("host", "secret.example")
        first.request.method = .post
        first.request.querySpan = .init(0..<1)
        first.request.expectsContinue = true
        first.response.status = 500
        first.response.fields.append("set-cookie", "secret")
        first.client.isTrusted = true
        first.client.address = .loopback
        first.route = 3
        first.upstreamIndex = 1
        first.endpointIndex = 1
        first.triedEndpoints = 7
        first.attempts = 2
        first.requestID = RequestID(milliseconds: 1, random: (1, 1))
        first.error = GatewayError(.badHost)
        first.requestBytes = 1
        first.responseBytes = 1
        first.status = 200
        first.responseStarted = true
        first.isFinished = true
        first.hostIsEndpoint = true
        first.requestBodyTouched = true
        first.connectionWasReused = true
        pool.giveBack(first)
        #expect(pool.inUse == 0)
        let second = pool.take()
        #expect(second === first)
        #expect(second.request.fields.count == 0 && second.request.fields.storage.isEmpty && second.request.method == .get)
        #expect(second.request.querySpan == nil && !second.request.expectsContinue && second.request.keepAlive)
        #expect(second.response.fields.count == 0 && second.response.status == 0)
        #expect(!second.client.isTrusted && second.client.address == IPAddress(high: 0, low: 0))
        #expect(second.route == -1 && second.upstreamIndex == -1 && second.endpointIndex == -1 && second.triedEndpoints == 0)
        #expect(second.attempts == 0 && second.error == nil && second.requestBytes == 0 && second.responseBytes == 0)
        #expect(second.status == 0 && !second.responseStarted && !second.isFinished && !second.hostIsEndpoint)
        #expect(!second.requestBodyTouched && !second.connectionWasReused && second.requestID.isEmpty)
        #expect(pool.take() !== second)
    }

    @Test func bodyFraming() {
        #expect(!BodyFraming.none.hasBody && !BodyFraming.length(0).hasBody)
        #expect(BodyFraming.length(1).hasBody && BodyFraming.chunked.hasBody && BodyFraming.untilClose.hasBody)
    }
}
