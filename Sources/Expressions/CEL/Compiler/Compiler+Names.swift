internal import Primitives

/// Which variable, field or type a name means (cel-spec, "Name Resolution").
extension ExpressionCompiler {
    /// What stands in front of `.`, `[` or `in`.
    enum Operand {
        case value(CompiledExpression)
        /// Named fields, under the name by which they were reached.
        case object(ExpressionObject, String)
        /// A map with text as keys, of which one entry may be enough.
        case hostMap(ExpressionEnvironment.Variable)
    }

    /// Names with dots between them, and where each stands.
    struct Chain {
        var names: [(name: String, offset: Int)]
        let isAbsolute: Bool
    }

    func chain(_ syntax: ExpressionSyntax) -> Chain? {
        switch syntax.kind {
        case .name(let name, let isAbsolute): return Chain(names: [(name, syntax.offset)], isAbsolute: isAbsolute)
        case .select(let operand, let field):
            guard var chain = chain(operand) else { return nil }
            chain.names.append((field, syntax.offset))
            return chain
        default: return nil
        }
    }

    mutating func compileOperand(_ syntax: ExpressionSyntax) -> Operand {
        guard let chain = chain(syntax) else {
            guard case .select(let operand, let field) = syntax.kind else { return .value(compile(syntax)) }
            let inner = compileOperand(operand)
            return select(inner, field, at: syntax.offset)
        }
        var (operand, count) = resolve(chain)
        for (name, offset) in chain.names.dropFirst(count) { operand = select(operand, name, at: offset) }
        return operand
    }

    /// What the chain's first names mean, and how many they are: the variable of a macro, else the longest declared variable, else a type.
    private mutating func resolve(_ chain: Chain) -> (Operand, count: Int) {
        let (first, offset) = chain.names[0]
        if !chain.isAbsolute, let slot = locals.lastIndex(where: { $0.name == first }) {
            let local = locals[slot]
            return (.value(CompiledExpression(node: LocalNode(slot: slot), type: local.type, cost: 0, extent: local.extent, lowestLocal: slot)), 1)
        }
        for count in stride(from: chain.names.count, to: 0, by: -1) {
            let name = chain.names[..<count].map(\.name).joined(separator: ".")
            if let variable = environment.variable(name) { return (operand(variable, name, at: chain.names[count - 1].offset), count) }
            if let type = ExpressionValue.TypeName(rawValue: name) { return (.value(constant(.type(type), .type)), count) }
        }
        let full = chain.names.map(\.name).joined(separator: ".")
        let known = environment.variables.map(\.name) + locals.map(\.name)
        let part = broken(
            "there is no variable \"\(first)\"", at: offset, remedy: Nearest.suggestion(first, among: known) ?? Nearest.suggestion(full, among: known)
        )
        // What it would have been is unknown, and so are its fields.
        return (.value(part), chain.names.count)
    }

    private mutating func operand(_ variable: ExpressionEnvironment.Variable, _ name: String, at offset: Int) -> Operand {
        switch variable.type {
        case .object(let object): return .object(object, name)
        case .map(.string, _), .map(.dyn, _):
            mentioned.insert(variable.id)
            return .hostMap(variable)
        case .list, .map:
            mentioned.insert(variable.id)
            return .value(fromHost(WholeNode(variable.id, at: UInt32(offset)), variable.type))
        default:
            mentioned.insert(variable.id)
            return .value(fromHost(VariableNode(variable.id, at: UInt32(offset)), variable.type))
        }
    }

    func fromHost(_ node: ExpressionNode, _ type: ExpressionType) -> CompiledExpression {
        CompiledExpression(node: node, type: type, cost: 1, extent: unknownExtent(type), usesHost: true)
    }

    mutating func value(of operand: Operand, at offset: Int) -> CompiledExpression {
        switch operand {
        case .value(let part): return part
        case .hostMap(let variable): return fromHost(WholeNode(variable.id, at: UInt32(offset)), variable.type)
        case .object(let object, let name):
            let fields = object.fields.prefix(3).map { "\(name).\($0.name)" }.joined(separator: ", ")
            return broken("\"\(name)\" is no value by itself", at: offset, remedy: "name one of its fields: \(fields) …")
        }
    }

    // MARK: Fields

    private mutating func select(_ operand: Operand, _ field: String, at offset: Int) -> Operand {
        switch operand {
        case .object(let object, let name):
            guard let variable = object.field(field) else { return .value(unknownField(field, of: object, name, at: offset)) }
            return self.operand(variable, "\(name).\(field)", at: offset)
        case .hostMap(let variable): return .value(entry(of: variable, Array(field.utf8), isTest: false, at: offset))
        case .value(let part): return .value(selectEntry(part, field, isTest: false, at: offset))
        }
    }

    private mutating func unknownField(_ field: String, of object: ExpressionObject, _ name: String, at offset: Int) -> CompiledExpression {
        broken("\"\(name)\" has no field \"\(field)\"", at: offset, remedy: Nearest.suggestion(field, among: object.fields.map(\.name)))
    }

    private mutating func selectEntry(_ part: CompiledExpression, _ field: String, isTest: Bool, at offset: Int) -> CompiledExpression {
        let type: ExpressionType
        switch part.type {
        case .map(let key, let value) where key.agrees(with: .string): type = value
        case .dyn: type = .dyn
        default: return broken("\(part.type.withArticle) has no field \"\(field)\"", at: offset)
        }
        let node = SelectNode(part.node, constants.copy(Array(field.utf8)), isTest: isTest, at: UInt32(offset))
        return combine([part], isTest ? .bool : type, extent: isTest ? .init() : elementExtent(part.extent, type), node)
    }

    /// Of an element of a list, or a value of a map.
    func elementExtent(_ extent: CompiledExpression.Extent, _ type: ExpressionType) -> CompiledExpression.Extent {
        switch type {
        case .list, .map, .dyn: .init(bytes: extent.bytes, elements: max(extent.elements, limits.assumedElements))
        case .string, .bytes: .init(bytes: extent.bytes)
        default: .init()
        }
    }

    /// One entry of a map of the host's.
    func entry(of variable: ExpressionEnvironment.Variable, _ key: [UInt8], isTest: Bool, at offset: Int) -> CompiledExpression {
        let key = constants.copy(variable.foldsKeys ? key.map(ASCII.lowercase) : key)
        let type = if case .map(_, let value) = variable.type { value } else { ExpressionType.dyn }
        return fromHost(EntryNode(variable.id, key: key, isTest: isTest, at: UInt32(offset)), isTest ? .bool : type)
    }

    mutating func compileHas(_ operand: ExpressionSyntax, _ field: String, at offset: Int) -> CompiledExpression {
        // A qualified name is one variable, not the field of another.
        if let chain = chain(operand), chain.isAbsolute || !locals.contains(where: { $0.name == chain.names[0].name }) {
            let name = chain.names.map(\.name).joined(separator: ".") + ".\(field)"
            if let variable = environment.variable(name) { return has(variable) }
        }
        switch compileOperand(operand) {
        case .hostMap(let variable): return entry(of: variable, Array(field.utf8), isTest: true, at: offset)
        case .value(let part): return selectEntry(part, field, isTest: true, at: offset)
        case .object(let object, let name):
            guard let variable = object.field(field) else { return unknownField(field, of: object, name, at: offset) }
            return has(variable)
        }
    }

    private mutating func has(_ variable: ExpressionEnvironment.Variable) -> CompiledExpression {
        switch variable.type {
        case .object: return constant(.bool(true), .bool)
        case .list, .map:
            mentioned.insert(variable.id)
            return fromHost(HasVariableNode(variable.id, isWhole: true), .bool)
        default:
            mentioned.insert(variable.id)
            return fromHost(HasVariableNode(variable.id, isWhole: false), .bool)
        }
    }
}
