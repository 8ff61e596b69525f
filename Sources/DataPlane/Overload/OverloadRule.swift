import Expressions
import Model
import PolicyKit
import Reactor
import Schema

/// When an event loop refuses requests, and which first.
final class OverloadRule: Sendable {
    let queueDelay: Nanoseconds
    let cpu: Double?
    let low: Expression?
    let critical: Expression?

    init(_ settings: OverloadSettings, low: Expression?, critical: Expression?) {
        queueDelay = settings.queueDelay.nanoseconds
        cpu = settings.cpu?.fraction
        self.low = low
        self.critical = critical
    }

    func isLike(_ other: OverloadRule?) -> Bool { queueDelay == other?.queueDelay && cpu == other?.cpu }
}

extension SnapshotCompiler {
    mutating func compileOverload() -> OverloadRule? {
        guard let overload = configuration.runtime.overload else { return nil }
        return OverloadRule(
            overload, low: condition(overload.low, "runtime.overload.low"), critical: condition(overload.critical, "runtime.overload.critical"))
    }

    private mutating func condition(_ text: ExpressionText?, _ path: String) -> Expression? {
        guard let text else { return nil }
        do throws(ExpressionError) {
            return try Expression(text.text, in: .match, expecting: .bool)
        } catch {
            report(error, in: text, path: path)
            return nil
        }
    }
}
