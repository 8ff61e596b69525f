internal import Primitives

/// A part of a compiled expression. Immutable, so loops share it.
class ExpressionNode: @unchecked Sendable {
    func evaluate(_ context: ExpressionContext) -> ExpressionValue { .noSuchOverload }

    /// The value, when it is known at load.
    var constant: ExpressionValue? { nil }
}

final class ConstantNode: ExpressionNode, @unchecked Sendable {
    private let value: ExpressionValue

    init(_ value: ExpressionValue) { self.value = value }

    override var constant: ExpressionValue? { value }
    override func evaluate(_ context: ExpressionContext) -> ExpressionValue { value }
}

/// The variable of a macro.
final class LocalNode: ExpressionNode, @unchecked Sendable {
    private let slot: Int

    init(slot: Int) { self.slot = slot }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue { context.evaluator.locals[slot] }
}

extension ExpressionValue {
    /// A failure that has no place yet is put there.
    func located(at offset: UInt32) -> ExpressionValue {
        guard case .error(var failure) = self, failure.offset == nil else { return self }
        failure.offset = offset
        return .error(failure)
    }

    static func failure(_ kind: ExpressionFailure.Kind, at offset: UInt32) -> ExpressionValue { .error(ExpressionFailure(kind, at: offset)) }
}
