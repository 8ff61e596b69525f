import GatewayCore
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import Upstreams

@Suite struct RetryDecisionTests {
    let exchange = Exchange(loop: MemoryNetwork().loop)
    var settings = RetrySettings()

    init() {
        exchange.attempts = 1
        exchange.request.method = .get
    }

    private func decide(_ reason: Reason, _ retry: GatewayError.Retry = .no, hasBody: Bool = true) -> RetryDecision {
        RetryDecision(exchange, GatewayError(reason, .upstream, retry: retry), settings, hasBody: hasBody)
    }

    private func decide(status: Int, call: CallStatus? = nil, hasBody: Bool = true) -> RetryDecision {
        RetryDecision(exchange, status: status, call: call, settings, hasBody: hasBody)
    }

    @Test func failureToConnectGoesElsewhereWhateverTheMethod() {
        exchange.request.method = .post
        #expect(decide(.upstreamConnectFailed, .yes) == .elsewhere(.connectFailure))
        #expect(decide(.upstreamConnectTimeout, .yes) == .elsewhere(.connectFailure))
    }

    @Test mutating func connectFailuresNeedTheSetting() {
        settings.onConnectFailure = false
        #expect(decide(.upstreamConnectFailed, .yes) == .giveUp)
    }

    @Test func attemptsAreBounded() {
        exchange.attempts = 2
        #expect(decide(.upstreamConnectFailed, .yes) == .giveUp)
    }

    @Test func aUsedConnectionThatDiedIsNoAttempt() {
        exchange.connectionWasReused = true
        exchange.attempts = 2
        #expect(decide(.upstreamReset, .ifReused) == .again)
        exchange.request.method = .post
        #expect(decide(.upstreamReset, .ifReused) == .giveUp, "it may have been carried out")
    }

    @Test func aNewConnectionThatDiedNeedsTheSetting() {
        #expect(decide(.upstreamReset, .ifReused) == .giveUp)
        var generous = self
        generous.settings.onReset = true
        #expect(generous.decide(.upstreamReset, .ifReused) == .elsewhere(.reset))
        #expect(generous.decide(.upstreamReset, .no) == .elsewhere(.reset))
        generous.exchange.request.method = .patch
        #expect(generous.decide(.upstreamReset, .ifReused) == .giveUp)
    }

    @Test func nothingIsTriedAgainOnceSomethingWasPassedOn() {
        #expect(decide(.upstreamConnectFailed, .yes, hasBody: false) == .giveUp)
        exchange.responseStarted = true
        exchange.connectionWasReused = true
        #expect(decide(.upstreamReset, .ifReused) == .giveUp)
    }

    /// Whatever the method: the upstream has said that it has not begun.
    @Test func aRefusedStreamIsTriedElsewhere() {
        exchange.request.method = .post
        #expect(decide(.upstreamReset, .yes) == .elsewhere(.refused))
        exchange.attempts = 2
        #expect(decide(.upstreamReset, .yes) == .giveUp)
    }

    @Test func otherErrorsAreFinal() {
        exchange.connectionWasReused = true
        let retried: Set<Reason> = [
            .upstreamConnectFailed, .upstreamConnectTimeout, .upstreamCertificateInvalid, .upstreamTLSFailed, .upstreamReset,
        ]
        for reason in Reason.builtIn where !retried.contains(reason) { #expect(decide(reason, .yes) == .giveUp, "\(reason)") }
    }

    @Test mutating func callsAreTriedAgainByTheirStatus() {
        settings.onCallStatus = [CallStatusSet(.unavailable)]
        exchange.request.method = .post
        #expect(decide(status: 200, call: .unavailable) == .elsewhere(.callStatus))
        #expect(decide(status: 200, call: .internal) == .giveUp)
        #expect(decide(status: 200, call: .unavailable, hasBody: false) == .giveUp)
        exchange.attempts = 2
        #expect(decide(status: 200, call: .unavailable) == .giveUp)
    }

    @Test mutating func answersAreTriedAgainByTheirStatus() {
        settings.onStatus = [429...429, 502...504]
        for status in [429, 502, 503, 504] { #expect(decide(status: status) == .elsewhere(.status)) }
        for status in [200, 400, 428, 430, 500, 501, 505] { #expect(decide(status: status) == .giveUp) }
        #expect(decide(status: 503, hasBody: false) == .giveUp)
        exchange.responseStarted = true
        #expect(decide(status: 503) == .giveUp)
    }

    @Test mutating func onlyMethodsThatMayBeCarriedOutTwice() {
        settings.onStatus = [503...503]
        exchange.request.method = .post
        #expect(decide(status: 503) == .giveUp)
        settings.methods = HTTPMethodSet(.post)
        #expect(decide(status: 503) == .elsewhere(.status))
        exchange.request.method = .get
        #expect(decide(status: 503) == .giveUp, "the list counts, whatever is idempotent")
    }

    @Test mutating func timeoutsNeedTheSettingOrATimeOfTheTry() {
        #expect(decide(.upstreamTimeout) == .giveUp)
        settings.onTimeout = true
        #expect(decide(.upstreamTimeout) == .elsewhere(.timeout))
        settings.onTimeout = false
        exchange.tryDeadline = exchange.loop.now
        #expect(decide(.upstreamTimeout) == .elsewhere(.timeout))
        exchange.request.method = .post
        #expect(decide(.upstreamTimeout) == .giveUp)
    }
}
