import GatewayCore
import Primitives
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

    private func decide(_ reason: Reason, _ retry: GatewayError.Retry = .no) -> RetryDecision {
        RetryDecision(exchange, GatewayError(reason, .upstream, retry: retry), settings)
    }

    @Test func failureToConnectGoesElsewhereWhateverTheMethod() {
        exchange.request.method = .post
        #expect(decide(.upstreamConnectFailed, .yes) == .elsewhere)
        #expect(decide(.upstreamConnectTimeout, .yes) == .elsewhere)
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
        #expect(generous.decide(.upstreamReset, .ifReused) == .elsewhere)
        #expect(generous.decide(.upstreamReset, .no) == .elsewhere)
        generous.exchange.request.method = .patch
        #expect(generous.decide(.upstreamReset, .ifReused) == .giveUp)
    }

    @Test func nothingIsTriedAgainOnceSomethingWasPassedOn() {
        exchange.requestBodyTouched = true
        #expect(decide(.upstreamConnectFailed, .yes) == .giveUp)
        exchange.requestBodyTouched = false
        exchange.responseStarted = true
        exchange.connectionWasReused = true
        #expect(decide(.upstreamReset, .ifReused) == .giveUp)
    }

    /// Whatever the method: the upstream has said that it has not begun.
    @Test func aRefusedStreamIsTriedElsewhere() {
        exchange.request.method = .post
        #expect(decide(.upstreamReset, .yes) == .elsewhere)
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
        #expect(RetryDecision(exchange, CallStatus.unavailable, settings) == .elsewhere)
        #expect(RetryDecision(exchange, CallStatus.internal, settings) == .giveUp)
        exchange.attempts = 2
        #expect(RetryDecision(exchange, CallStatus.unavailable, settings) == .giveUp)
    }
}
