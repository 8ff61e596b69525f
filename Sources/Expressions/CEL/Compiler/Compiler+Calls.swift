internal import Primitives

/// Calls: which function a name means, which overloads its arguments fit.
extension ExpressionCompiler {
    mutating func compileCall(
        _ name: String, _ target: ExpressionSyntax?, _ arguments: [ExpressionSyntax], isAbsolute: Bool, at offset: Int
    ) -> CompiledExpression {
        if let target {
            if let qualified = qualifiedFunction(name, target) { return call(qualified, isMember: false, arguments, at: target.offset) }
            return call(name, isMember: true, [target] + arguments, at: offset)
        }
        return call(name, isMember: false, arguments, at: offset)
    }

    /// `math.greatest`: a function whose name has dots, unless what stands in front of the dot is a variable.
    private func qualifiedFunction(_ name: String, _ target: ExpressionSyntax) -> String? {
        guard let chain = chain(target), environment.variable(chain.names[0].name) == nil else { return nil }
        if !chain.isAbsolute, locals.contains(where: { $0.name == chain.names[0].name }) { return nil }
        let qualified = chain.names.map(\.name).joined(separator: ".") + ".\(name)"
        if ExpressionFunction.table[qualified] != nil { return qualified }
        // "math.nothing" is a mistake in the function, not in a variable called math.
        let prefix = qualified.dropLast(name.count)
        return ["math.", "base64.", "ip."].contains(prefix) ? qualified : nil
    }

    private mutating func call(_ name: String, isMember: Bool, _ syntax: [ExpressionSyntax], at offset: Int) -> CompiledExpression {
        let candidates = ExpressionFunction.named(name, isMember: isMember)
        guard !candidates.isEmpty else { return unknownFunction(name, isMember: isMember, syntax, at: offset) }
        let arguments = syntax.map { compile($0) }
        let types = arguments.map(\.type)
        for function in candidates {
            let overloads = function.overloads.filter { Self.fits(function, $0, types) }
            guard let first = overloads.first else { continue }
            let result = overloads.dropFirst().reduce(first.result) { $0.joined(with: $1.result) }
            return apply(function, arguments, syntax, result, at: offset)
        }
        // An argument with an error has been reported; it agrees with everything, so what is left is a mistake of its own.
        let given = types.map(\.description).joined(separator: ", ")
        let wanted = candidates.flatMap { function in function.overloads.map { Self.signature(function, $0, isMember: isMember) } }
        return broken(
            "no \(name)() takes (\(isMember ? given.dropReceiver(types) : given))", at: offset, remedy: "there is " + wanted.joined(separator: ", "))
    }

    private static func fits(_ function: ExpressionFunction, _ overload: ExpressionFunction.Overload, _ types: [ExpressionType]) -> Bool {
        if function.arity == nil, overload.parameters.count == 1 {
            return !types.isEmpty && types.allSatisfy { $0 == .dyn || $0.isNumeric } || (types.count == 1 && types[0].isListOfNumbers)
        }
        return overload.parameters.count == types.count && zip(overload.parameters, types).allSatisfy { $0.agrees(with: $1) }
    }

    private static func signature(_ function: ExpressionFunction, _ overload: ExpressionFunction.Overload, isMember: Bool) -> String {
        let parameters = overload.parameters.map(\.description)
        guard isMember, let receiver = parameters.first else { return "\(function.name)(\(parameters.joined(separator: ", ")))" }
        return "\(receiver).\(function.name)(\(parameters.dropFirst().joined(separator: ", ")))"
    }

    private mutating func unknownFunction(_ name: String, isMember: Bool, _ syntax: [ExpressionSyntax], at offset: Int) -> CompiledExpression {
        for argument in syntax { _ = compile(argument) }
        if name == "has" || ExpressionSyntax.Macro(rawValue: name) != nil {
            let usage = name == "has" ? "the selection of a field" : "the name of a variable and what to compute for each element"
            return broken("\(name)() takes \(usage)", at: offset, remedy: name == "has" ? "has(map.key)" : "list.\(name)(x, x > 0)")
        }
        if ExpressionFunction.table[name] != nil {
            let remedy = isMember ? "write \(name)(value)" : "write value.\(name)()"
            return broken("\(name)() is \(isMember ? "no function of a value" : "a function of a value")", at: offset, remedy: remedy)
        }
        let known = ExpressionFunction.table.keys.filter { !ExpressionFunction.named($0, isMember: isMember).isEmpty }
        return broken(
            "there is no function \"\(name)\"", at: offset,
            remedy: Nearest.suggestion(name, among: known + ["has", "all", "exists", "filter", "map"]))
    }

    // MARK: Nodes

    private mutating func apply(
        _ function: ExpressionFunction, _ arguments: [CompiledExpression], _ syntax: [ExpressionSyntax], _ type: ExpressionType, at offset: Int
    ) -> CompiledExpression {
        let place = UInt32(offset), nodes = arguments.map(\.node)
        let node: ExpressionNode
        switch function.body {
        case .unary(let body): node = UnaryCallNode(body, nodes[0], at: place)
        case .binary(let body): node = BinaryCallNode(body, nodes[0], nodes[1], at: place)
        case .ternary(let body): node = TernaryCallNode(body, nodes[0], nodes[1], nodes[2], at: place)
        case .variadic(let body): node = VariadicCallNode(body, nodes, at: place)
        case .matches: return matches(arguments, syntax, at: offset)
        case .zoned(let accessor):
            guard case .string(let name)? = nodes[1].constant else {
                node = BinaryCallNode(ExpressionFunction.zoned(accessor), nodes[0], nodes[1], at: place)
                break
            }
            guard let zone = TimeZone.parse(name) ?? ZoneFile(named: name.string).map({ .named($0) }) else {
                return broken(
                    "there is no time zone \"\(name.string)\"", at: syntax[1].offset,
                    remedy: "use UTC, an offset such as +02:00, or a name such as Europe/Berlin")
            }
            node = ZonedNode(accessor, nodes[0], zone, at: place)
        }
        let part = combine(arguments, type, cost: cost(function, arguments), extent: extent(function, arguments), node)
        return function.mustSucceed ? checked(part, arguments, syntax, function.name, at: offset) : part
    }

    /// A constant that its function refuses is a mistake to be told at load.
    private mutating func checked(
        _ part: CompiledExpression, _ arguments: [CompiledExpression], _ syntax: [ExpressionSyntax], _ name: String, at offset: Int
    ) -> CompiledExpression {
        guard part.isConstant, part.node.constant == nil, arguments.allSatisfy({ $0.node.constant != nil }),
            let failure = evaluateNow(part.node).failure, failure.kind != .costLimitExceeded
        else { return part }
        let shown = arguments[0].node.constant?.description ?? ""
        return broken("\"\(shown)\" is no \(name): \(failure)", at: syntax[0].offset, remedy: Self.examples[name])
    }

    private static let examples = [
        "duration": "durations look like 1h30m, 2.5s or 250ms", "timestamp": "timestamps look like 2026-01-31T12:00:00Z",
        "ip": "addresses look like 10.0.0.1 or 2001:db8::1", "cidr": "networks look like 10.0.0.0/8 or 2001:db8::/32",
    ]

    private mutating func matches(_ arguments: [CompiledExpression], _ syntax: [ExpressionSyntax], at offset: Int) -> CompiledExpression {
        guard case .string(let pattern)? = arguments[1].node.constant else {
            return broken("the pattern of matches() must be constant: it is compiled at load", at: syntax[1].offset)
        }
        do throws(LinearRegex.SyntaxError) {
            let regex = try LinearRegex(pattern.string)
            guard regex.program.instructions.count <= limits.regexInstructions else {
                return broken("the pattern is too large", at: syntax[1].offset, remedy: "use smaller repetitions")
            }
            // As cel-go estimates: by the text and by the pattern.
            let cost = Steps(1 + arguments[0].extent.bytes >> 3) * Steps(1 + regex.program.instructions.count >> 2)
            return combine([arguments[0]], .bool, cost: cost, extent: .init(), MatchesNode(arguments[0].node, regex, at: UInt32(offset)))
        } catch {
            return broken("the pattern is no regular expression: \(error)", at: syntax[1].offset)
        }
    }

    // MARK: Costs

    private func cost(_ function: ExpressionFunction, _ arguments: [CompiledExpression]) -> Steps {
        let bytes = arguments.reduce(0) { $0 + $1.extent.bytes }
        let result = extent(function, arguments)
        return Steps(1 + bytes >> 3 + result.elements + result.bytes >> 1)
    }

    private func extent(_ function: ExpressionFunction, _ arguments: [CompiledExpression]) -> CompiledExpression.Extent {
        let bytes = arguments.map(\.extent.bytes), sum = bytes.reduce(0, +)
        let result = function.overloads[0].result
        switch function.growth {
        case .product: return .init(bytes: (Steps(bytes[0] + 1) * Steps(bytes[2] + 1)).count)
        case .pieces: return .init(bytes: bytes[0], elements: bytes[0])
        case .joined: return .init(bytes: (Steps(arguments[0].extent.elements) * Steps(sum)).count)
        // Numbers and times as text have less than 64 bytes; Base64 grows by a third.
        case .sum: return result == .string || result == .bytes ? .init(bytes: 64 + sum + sum / 3) : result == .dyn ? arguments[0].extent : .init()
        }
    }
}

extension ExpressionType {
    fileprivate var isListOfNumbers: Bool {
        if case .list(let element) = self { return element == .dyn || element.isNumeric }
        return false
    }
}

extension String {
    fileprivate func dropReceiver(_ types: [ExpressionType]) -> String { types.dropFirst().map(\.description).joined(separator: ", ") }
}
