import Expressions
import GatewayCore
import Model
import PolicyKit

/// What a request spends.
enum RateLimitCost: Sendable {
    case always(Int)
    case expression(Expression)

    init(_ text: ExpressionText?, _ context: PolicyContext) throws(PolicyError) {
        guard let text else {
            self = .always(1)
            return
        }
        let expression = try context.compile(text, "cost", expecting: .int)
        if case .int(let units) = expression.constant { self = .always(units) } else { self = .expression(expression) }
    }

    /// A cost that can't be known is that of any other request, so that nobody asks for nothing by leaving out what it depends on.
    func units(_ exchange: Exchange) -> Int {
        switch self {
        case .always(let units): return units
        case .expression(let expression):
            if case .int(let units) = exchange.evaluate(expression) { return units }
            return 1
        }
    }
}
