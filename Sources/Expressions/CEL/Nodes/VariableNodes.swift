internal import Primitives

/// A variable or field that is neither a map nor a list.
final class VariableNode: ExpressionNode, @unchecked Sendable {
    private let id: UInt16, offset: UInt32

    init(_ id: UInt16, at offset: UInt32) {
        self.id = id
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let evaluator = context.evaluator
        guard let value = context.variables.value(id, evaluator.scratch) else { return .failure(.noSuchAttribute, at: offset) }
        return evaluator.keep(value)
    }
}

/// A map or list of the host's.
final class WholeNode: ExpressionNode, @unchecked Sendable {
    private let id: UInt16, offset: UInt32

    init(_ id: UInt16, at offset: UInt32) {
        self.id = id
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        context.variables.whole(id) ?? .failure(.noSuchAttribute, at: offset)
    }
}

/// `has()` of a field of an object.
final class HasVariableNode: ExpressionNode, @unchecked Sendable {
    private let id: UInt16, isWhole: Bool

    init(_ id: UInt16, isWhole: Bool) {
        self.id = id
        self.isWhole = isWhole
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        if isWhole { return .bool(context.variables.whole(id) != nil) }
        defer { context.evaluator.scratch.clear() }
        return .bool(context.variables.value(id, context.evaluator.scratch) != nil)
    }
}

/// One entry of a map of the host's by a key known at load; or whether there is one.
final class EntryNode: ExpressionNode, @unchecked Sendable {
    private let id: UInt16, offset: UInt32
    private let key: ByteView
    private let isTest: Bool

    /// `key` lives as long as the expression.
    init(_ id: UInt16, key: ByteView, isTest: Bool, at offset: UInt32) {
        self.id = id
        self.key = key
        self.isTest = isTest
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let evaluator = context.evaluator
        guard evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        let value = context.variables.entry(id, key: key, evaluator.scratch)
        if isTest {
            evaluator.scratch.clear()
            return .bool(value != nil)
        }
        guard let value else { return .failure(.noSuchKey, at: offset) }
        return evaluator.keep(value)
    }
}

/// The same with a key that is known at run time only.
final class KeyedEntryNode: ExpressionNode, @unchecked Sendable {
    private let id: UInt16, offset: UInt32
    private let key: ExpressionNode
    private let foldsKeys: Bool, isTest: Bool

    init(_ variable: ExpressionEnvironment.Variable, key: ExpressionNode, isTest: Bool, at offset: UInt32) {
        id = variable.id
        foldsKeys = variable.foldsKeys
        self.key = key
        self.isTest = isTest
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let evaluator = context.evaluator
        let key = key.evaluate(context)
        guard case .string(var name) = key else {
            if key.isError { return key }
            return isTest ? .bool(false) : .failure(.noSuchKey, at: offset)
        }
        guard evaluator.chargeScan(name.count) else { return .failure(.costLimitExceeded, at: offset) }
        if foldsKeys {
            evaluator.output.clear()
            for i in 0..<name.count { evaluator.output.append(byte: ASCII.lowercase(name[i])) }
            name = evaluator.arena.copy(evaluator.output.view)
        }
        let value = context.variables.entry(id, key: name, evaluator.scratch)
        if isTest {
            evaluator.scratch.clear()
            return .bool(value != nil)
        }
        guard let value else { return .failure(.noSuchKey, at: offset) }
        return evaluator.keep(value)
    }
}
