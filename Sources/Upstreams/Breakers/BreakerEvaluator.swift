import Expressions
import Primitives
import Reactor

/// Evaluates a breaker's condition. Not for two threads at once.
final class BreakerEvaluator {
    var figures = WindowFigures()
    private let evaluator = ExpressionEvaluator()

    /// Whether the condition holds for the figures. One that has no value, because of a division by zero for instance, does not.
    func holds(_ condition: BreakerCondition) -> Bool { condition.expression.test(self, with: evaluator) ?? false }
}

extension BreakerEvaluator: ExpressionVariables {
    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? {
        guard let variable = BreakerVariable(rawValue: id) else { return nil }
        if let share = variable.share { return .duration(ExpressionDuration(nanoseconds: Int(clamping: figures.quantile(share)))) }
        switch variable {
        case .errorRatio: return .double(figures.errorRatio)
        case .requests: return .int(figures.requests)
        case .failures: return .int(figures.failures)
        case .timeouts: return .int(figures.timeouts)
        default: return nil
        }
    }

    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? { nil }
    func whole(_ id: UInt16) -> ExpressionValue? { nil }
}
