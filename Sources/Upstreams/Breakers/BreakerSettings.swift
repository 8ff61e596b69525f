package import Expressions
package import Reactor

package struct BreakerSettings: Sendable, Equatable {
    package var condition: BreakerCondition
    package var window: Nanoseconds = .seconds(10)
    /// Fewer requests in the window say nothing.
    package var minimumRequests = 20
    package var openFor: Nanoseconds = .seconds(10)
    /// Requests that try an open breaker out.
    package var halfOpen = 3
    /// One for each endpoint rather than one for the upstream.
    package var isPerEndpoint = false
    /// Answers that are failures.
    package var statuses: StatusSet = [500...599]

    package init(condition: BreakerCondition) { self.condition = condition }
}

/// When a breaker opens: an expression over the figures of its window.
package struct BreakerCondition: Sendable, Equatable {
    package let expression: Expression

    package init(_ text: String) throws(ExpressionError) {
        expression = try Expression(text, in: BreakerCondition.environment, expecting: .bool)
    }

    package static func == (a: BreakerCondition, b: BreakerCondition) -> Bool { a.expression.text == b.expression.text }

    /// What an expression may name.
    package static let environment = ExpressionEnvironment(
        BreakerVariable.allCases.map { ExpressionEnvironment.Variable($0.name, $0.type, id: $0.rawValue) })
}

enum BreakerVariable: UInt16, CaseIterable {
    case errorRatio = 1
    case requests, failures, timeouts, p50, p90, p95, p99

    var name: String { "\(self)" }

    var type: ExpressionType {
        switch self {
        case .errorRatio: .double
        case .requests, .failures, .timeouts: .int
        case .p50, .p90, .p95, .p99: .duration
        }
    }

    /// The share of requests that a quantile stands for.
    var share: Double? {
        switch self {
        case .p50: 0.5
        case .p90: 0.9
        case .p95: 0.95
        case .p99: 0.99
        default: nil
        }
    }
}
