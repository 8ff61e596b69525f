import Expressions
import GatewayCore
import Model
import Primitives
import Reactor
import Schema
import Upstreams

extension SnapshotCompiler {
    /// The condition of an upstream's breaker, compiled. Nil without one, and when it is wrong, which has been reported.
    mutating func condition(of upstream: Model.Upstream, _ path: String) -> BreakerCondition? {
        guard let breaker = upstream.breaker else { return nil }
        do throws(ExpressionError) {
            return try BreakerCondition(breaker.when.text)
        } catch {
            report(error, in: breaker.when, path: "\(path).breaker.when")
            return nil
        }
    }
}

extension RetrySettings {
    init(_ retries: Retries, loops: Int) {
        self.init()
        attempts = retries.attempts
        onConnectFailure = false
        var calls: [CallStatusSet] = []
        for condition in retries.on {
            switch condition {
            case .status(let range): onStatus.insert(range.codes)
            case .failure(.connectFailure): onConnectFailure = true
            case .failure(.reset): onReset = true
            case .failure(.timeout): onTimeout = true
            case .failure(let failure): if let status = failure.callStatus { calls.append(CallStatusSet(status)) }
            }
        }
        onCallStatus = CallStatusSet(calls)
        methods = retries.methods.reduce(into: HTTPMethodSet()) { $0.insert(HTTPMethodSet($1)) }
        budget = retries.budget.fraction
        budgetMinimum = Double(retries.budgetMinimum) / Double(max(1, loops))
        backoff = RetryBackoff(base: retries.backoff.nanoseconds, most: retries.maxBackoff.nanoseconds)
        perTry = retries.perTry?.nanoseconds ?? .max
        retryAfter = retries.retryAfter.nanoseconds
        body = retries.body.bytes
    }
}

extension RetryFailure {
    /// The answer to a call that it stands for.
    fileprivate var callStatus: CallStatus? {
        switch self {
        case .connectFailure, .reset, .timeout: nil
        case .grpcAborted: .aborted
        case .grpcCancelled: .cancelled
        case .grpcDeadlineExceeded: .deadlineExceeded
        case .grpcInternal: .internal
        case .grpcResourceExhausted: .resourceExhausted
        case .grpcUnavailable: .unavailable
        case .grpcUnknown: .unknown
        }
    }
}

extension PassiveHealthSettings {
    init(_ passive: PassiveHealth) {
        self.init()
        failures = passive.failures
        window = passive.window.nanoseconds
        ejectFor = passive.ejectFor.nanoseconds
        mostEjectFor = passive.maxEjectFor.nanoseconds
        maxEjected = passive.maxEjected.fraction
        statuses = StatusSet(passive.statuses.map(\.codes))
        if let model = passive.successRate {
            var rule = SuccessRateSettings()
            rule.deviation = model.deviation
            rule.minimumRequests = model.minimumRequests
            rule.minimumEndpoints = model.minimumEndpoints
            successRate = rule
        }
        if let model = passive.latency {
            var rule = LatencyOutlierSettings()
            rule.factor = model.factor
            rule.atLeast = model.atLeast.nanoseconds
            rule.minimumRequests = model.minimumRequests
            rule.minimumEndpoints = model.minimumEndpoints
            latency = rule
        }
    }
}

extension BreakerSettings {
    init(_ breaker: CircuitBreaker, _ condition: BreakerCondition) {
        self.init(condition: condition)
        window = breaker.window.nanoseconds
        minimumRequests = breaker.minimumRequests
        openFor = breaker.openFor.nanoseconds
        halfOpen = breaker.halfOpen
        isPerEndpoint = breaker.per == .endpoint
        statuses = StatusSet(breaker.statuses.map(\.codes))
    }
}

extension HedgeSettings {
    init(_ hedging: Hedging) {
        self.init()
        budget = hedging.budget.fraction
        switch hedging.after {
        case .fixed(let length): after = .fixed(length.nanoseconds)
        case .quantile(let percent): after = .quantile(percent / 100)
        }
    }
}

extension AdaptiveSettings {
    /// Each loop has its part, and finds out for itself what that may carry.
    init(_ adaptive: AdaptiveConcurrencySettings, loops: Int) {
        self.init()
        initial = max(1, adaptive.initial / loops)
        minimum = max(1, adaptive.minimum / loops)
        maximum = max(minimum, adaptive.maximum / loops)
        tolerance = adaptive.tolerance
    }
}

extension Bulkhead.Settings {
    /// - Parameter requests: the limit on one event loop.
    init(_ share: LimitShare, of requests: Int) {
        let division: Bulkhead.Division =
            switch share.by {
            case .route: .route
            case .api: .api
            case .consumer: .consumer
            }
        self.init(by: division, most: max(1, Int(Double(requests) * share.most.fraction)))
    }
}

extension DeadlineRule {
    init(_ deadline: DeadlineSettings) {
        self.init(field: deadline.header)
        isAlwaysSent = deadline.always
    }
}
