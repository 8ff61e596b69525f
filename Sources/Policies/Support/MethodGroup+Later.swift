import GatewayCore
import PolicyKit
import Primitives

/// What follows the request's head, for the methods that have let it pass.
extension MethodGroup {
    func onResponse(_ exchange: Exchange) -> Verdict {
        var verdict = Verdict.proceed
        forEachPassed(exchange) { method in
            guard case .proceed = verdict, let policy = method.response else { return }
            verdict = policy.onResponse(exchange)
        }
        return verdict
    }

    func onFinish(_ exchange: Exchange) {
        forEachPassed(exchange) { $0.finish?.onFinish(exchange) }
    }

    func requestBody(_ exchange: Exchange) -> BodyDemand {
        var demand = BodyDemand.none
        forEachPassed(exchange) { method in
            if let policy = method.body { demand = policy.requestBody(exchange) }
        }
        return demand
    }

    func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        var verdict = Verdict.proceed
        forEachPassed(exchange) { method in
            if let policy = method.body { verdict = policy.onRequestBody(exchange, body) }
        }
        return verdict
    }

    /// In reverse, each with its own memo.
    private func forEachPassed(_ exchange: Exchange, _ body: (Method) -> Void) {
        guard let kept = exchange.memo.object as? Kept else { return }
        for place in methods.indices.reversed() where kept.progress.passed & 1 << UInt64(place & 63) != 0 && methods[place].hasLaterPhases {
            lend(place, &kept.progress, exchange)
            body(methods[place])
            takeBack(place, &kept.progress, exchange)
        }
        var memo = Memo()
        memo.object = kept
        exchange.memo = memo
    }
}
