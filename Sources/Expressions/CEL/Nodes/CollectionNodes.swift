internal import Primitives

/// `[a, b]`
final class ListNode: ExpressionNode, @unchecked Sendable {
    private let elements: [ExpressionNode]
    private let offset: UInt32

    init(_ elements: [ExpressionNode], at offset: UInt32) {
        self.elements = elements
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        var values: [ExpressionValue] = []
        values.reserveCapacity(elements.count)
        for element in elements {
            let value = element.evaluate(context)
            if value.isError { return value }
            values.append(value)
        }
        let list = ExpressionList(values)
        guard context.evaluator.charge(1 &+ list.weight) else { return .failure(.costLimitExceeded, at: offset) }
        return .list(list)
    }
}

/// `{a: b}`
final class MapNode: ExpressionNode, @unchecked Sendable {
    private let entries: [(key: ExpressionNode, value: ExpressionNode)]
    private let offset: UInt32

    init(_ entries: [(key: ExpressionNode, value: ExpressionNode)], at offset: UInt32) {
        self.entries = entries
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        var values: [(key: ExpressionValue, value: ExpressionValue)] = []
        values.reserveCapacity(entries.count)
        for entry in entries {
            let key = entry.key.evaluate(context)
            if key.isError { return key }
            switch key {
            case .string, .int, .uint, .bool: break
            default: return .failure(.unsupportedKey, at: offset)
            }
            let value = entry.value.evaluate(context)
            if value.isError { return value }
            values.append((key, value))
        }
        guard let map = ExpressionMap(values) else { return .failure(.repeatedKey, at: offset) }
        // Hashing a key takes some steps.
        guard context.evaluator.charge(1 &+ map.weight &+ 4 &* values.count) else { return .failure(.costLimitExceeded, at: offset) }
        return .map(map)
    }
}

/// `a[b]`
final class IndexNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode, index: ExpressionNode
    private let offset: UInt32

    init(_ operand: ExpressionNode, _ index: ExpressionNode, at offset: UInt32) {
        self.operand = operand
        self.index = index
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        if value.isError { return value }
        let index = index.evaluate(context)
        if index.isError { return index }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        switch value {
        case .list(let list):
            guard let place = Self.place(index) else {
                return .failure(index.typeName == .double ? .invalidArgument : .noSuchOverload, at: offset)
            }
            guard list.elements.indices.contains(place) else { return .failure(.indexOutOfBounds, at: offset) }
            return list.elements[place]
        case .map(let map):
            guard ExpressionKey(index) != nil || index.typeName == .double else { return .failure(.noSuchOverload, at: offset) }
            return map[key: index] ?? .failure(.noSuchKey, at: offset)
        default: return .failure(.noSuchOverload, at: offset)
        }
    }

    /// Numbers of every type count that are integers; what is too large for an Int is out of bounds in any case.
    private static func place(_ index: ExpressionValue) -> Int? {
        switch index {
        case .int(let place): place
        case .uint(let place): Int(clamping: place)
        case .double(let place): Int(exactly: place)
        default: nil
        }
    }
}

/// `a.b` of a map, or whether there is such an entry.
final class SelectNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode
    private let field: ByteView
    private let isTest: Bool
    private let offset: UInt32

    /// `field` lives as long as the expression.
    init(_ operand: ExpressionNode, _ field: ByteView, isTest: Bool, at offset: UInt32) {
        self.operand = operand
        self.field = field
        self.isTest = isTest
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        guard case .map(let map) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        let entry = map[key: .string(field)]
        return isTest ? .bool(entry != nil) : entry ?? .failure(.noSuchKey, at: offset)
    }
}

/// `a in b`
final class MembershipNode: ExpressionNode, @unchecked Sendable {
    private let value: ExpressionNode, collection: ExpressionNode
    private let offset: UInt32

    init(_ value: ExpressionNode, _ collection: ExpressionNode, at offset: UInt32) {
        self.value = value
        self.collection = collection
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = value.evaluate(context)
        if value.isError { return value }
        let collection = collection.evaluate(context)
        if collection.isError { return collection }
        switch collection {
        case .list(let list):
            // Looking through a list of lists may take every element of theirs.
            guard context.evaluator.charge(1 &+ list.weight) else { return .failure(.costLimitExceeded, at: offset) }
            return .bool(list.contains(value))
        case .map(let map):
            guard context.evaluator.charge(value.weight) else { return .failure(.costLimitExceeded, at: offset) }
            return .bool(map[key: value] != nil)
        default: return .failure(.noSuchOverload, at: offset)
        }
    }
}

/// `a in [constants]`, for more than a few.
final class SetMembershipNode: ExpressionNode, @unchecked Sendable {
    private let value: ExpressionNode
    private let set: Set<ExpressionKey>
    private let offset: UInt32

    /// Nil when the elements are few, or not of types that hash.
    init?(_ value: ExpressionNode, _ list: ExpressionList, at offset: UInt32) {
        guard list.elements.count > 8 else { return nil }
        var set: Set<ExpressionKey> = []
        for element in list.elements {
            guard let key = ExpressionKey(element) else { return nil }
            set.insert(key)
        }
        self.value = value
        self.set = set
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = value.evaluate(context)
        if value.isError { return value }
        guard context.evaluator.charge(value.weight) else { return .failure(.costLimitExceeded, at: offset) }
        return .bool(ExpressionKey(value).map { set.contains($0) } ?? false)
    }
}
