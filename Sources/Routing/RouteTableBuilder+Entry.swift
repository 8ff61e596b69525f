internal import Expressions
internal import Primitives

/// What a rule asks beside host and path.
extension RouteTableBuilder {
    /// The rule's entry, but for the path's part of its key and its kind.
    mutating func entry(for rule: RouteRule, at position: Int, baseLength: Int) throws(PatternError) -> RouteEntry {
        guard let priority = Int32(exactly: rule.priority) else {
            throw PatternError("priority \(rule.priority) is outside \(Int32.min)...\(Int32.max)")
        }
        guard rule.path.parameterNames.count <= RouteCaptures.parameterLimit else {
            throw PatternError("the path has more than \(RouteCaptures.parameterLimit) parameters")
        }
        var entry = RouteEntry(
            key: RouteRank.key(priority: priority, path: 0), methods: rule.servedMethods.rawValue, index: rule.index,
            position: UInt32(position), firstCondition: UInt32(storage.conditions.count), baseLength: UInt16(baseLength),
            conditionCount: UInt16(clamping: rule.conditions.count), kind: [])
        guard rule.conditions.count <= Int(entry.conditionCount) else { throw PatternError("there are more than 65,535 conditions") }
        for condition in rule.conditions { storage.conditions.append(compile(condition)) }
        if case .regex(let regex) = rule.path {
            entry.regex = Int32(storage.regexes.count)
            storage.regexes.append(regex)
        }
        return entry
    }

    private mutating func compile(_ condition: RouteCondition) -> CompiledCondition {
        switch condition {
        case .header(let name, let test): return compile(test, .header, name.lowercased())
        case .query(let name, let test): return compile(test, .query, name)
        case .expression(let expression):
            var compiled = CompiledCondition(source: .expression, test: .holds)
            compiled.first = UInt32(storage.expressions.count)
            storage.expressions.append(expression)
            return compiled
        case .call: return CompiledCondition(source: .call, test: .holds)
        case .clientIP(let networks):
            var compiled = CompiledCondition(source: .clientIP, test: .network)
            compiled.first = UInt32(storage.networks.count)
            compiled.count = UInt32(networks.count)
            for network in networks { storage.networks.append(RouteNetwork(network)) }
            return compiled
        }
    }

    private mutating func compile(
        _ test: RouteCondition.ValueTest, _ source: CompiledCondition.Source, _ name: String
    ) -> CompiledCondition {
        var compiled = CompiledCondition(source: source, test: .present, name: storage.text.add(name))
        func value(_ kind: CompiledCondition.Test, _ text: String) {
            compiled.test = kind
            compiled.value = storage.text.add(text)
        }
        switch test {
        case .present: break
        case .absent: compiled.test = .absent
        case .equals(let text): value(.equals, text)
        case .hasPrefix(let text): value(.hasPrefix, text)
        case .hasSuffix(let text): value(.hasSuffix, text)
        case .contains(let text): value(.contains, text)
        case .regex(let regex):
            compiled.test = .regex
            compiled.first = UInt32(storage.regexes.count)
            storage.regexes.append(regex)
        }
        return compiled
    }
}

extension RouteNetwork {
    init(_ network: CIDR) {
        let bits = UInt64(network.bits)
        maskHigh = bits >= 64 ? .max : bits == 0 ? 0 : .max << (64 - bits)
        maskLow = bits <= 64 ? 0 : .max << (128 - bits)
        high = network.address.high
        low = network.address.low
    }
}
