internal import Primitives

/// What evaluations need and use again: memory, variables of macros, the budget. One per event loop; not for two threads at once, and
/// not from inside an evaluation.
package final class ExpressionEvaluator {
    /// Why the last evaluation had no value.
    package internal(set) var lastError: ExpressionFailure?
    /// Steps that the last evaluation took.
    package var cost: Int { limit - Swift.max(remaining, 0) }

    /// Steps left; below zero the evaluation fails.
    private(set) var remaining = 0
    private var limit = 0
    /// Values of macro variables, by slot.
    var locals: [ExpressionValue] = []
    /// Text that the evaluation makes.
    let arena = ExpressionArena()
    /// Where functions put a text together before it goes to the arena.
    let output = ByteBuffer()
    /// What the host puts a text together in.
    let scratch = ByteBuffer()
    var regexScratch = LinearRegex.Scratch()

    package init() {}

    func prepare(locals count: Int, limit: Int) {
        arena.reset()
        self.limit = limit
        remaining = limit
        lastError = nil
        while locals.count < count { locals.append(.null) }
    }

    /// Takes `steps` from the budget; false when it is used up.
    @inline(__always) func charge(_ steps: Int) -> Bool {
        remaining &-= steps
        return remaining >= 0
    }

    var isExhausted: Bool { remaining < 0 }

    /// Steps for looking at `bytes` one by one.
    @inline(__always) func chargeScan(_ bytes: Int) -> Bool { charge(1 + bytes >> 3) }

    /// Ends a text that was put together in `output`.
    func finishText() -> ExpressionValue {
        guard charge(1 + output.count >> 2) else { return .failure(.costLimitExceeded) }
        return .string(arena.copy(output.view))
    }

    /// A value from the host, safe from what the host puts into the scratch next.
    func keep(_ value: ExpressionValue) -> ExpressionValue {
        if scratch.isEmpty { return value }
        defer { scratch.clear() }
        switch value {
        case .string(let text): return .string(arena.copy(text))
        case .bytes(let bytes): return .bytes(arena.copy(bytes))
        default: return value
        }
    }
}

/// What an expression's nodes are evaluated in.
struct ExpressionContext {
    let evaluator: ExpressionEvaluator
    let variables: any ExpressionVariables
}
