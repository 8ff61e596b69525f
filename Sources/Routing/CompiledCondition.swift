internal import Expressions
internal import Primitives

/// A `RouteCondition` as a plain value: its strings are in the table's text, its regular expressions, networks and expressions in its arrays.
struct CompiledCondition: Sendable {
    enum Source: UInt8, Sendable {
        case header, query, clientIP, expression, call
    }

    enum Test: UInt8, Sendable {
        case present, absent, equals, hasPrefix, hasSuffix, contains, regex, network, holds
    }

    var source: Source
    var test: Test
    var name = RouteText.Slice()
    var value = RouteText.Slice()
    /// Into the table's regular expressions, networks or expressions.
    var first: UInt32 = 0
    var count: UInt32 = 0
}

extension RouteStorage {
    /// The first of the entry's conditions that the request fails, nil if it passes all.
    func firstFailure<Request: RoutableRequest>(
        of entry: RouteEntry, _ request: Request, _ captures: inout RouteCaptures
    ) -> Int? {
        for offset in 0..<Int(entry.conditionCount) {
            let condition = conditions[Int(entry.firstCondition) + offset]
            guard passes(condition, request, &captures) else { return offset }
        }
        return nil
    }

    private func passes<Request: RoutableRequest>(
        _ condition: CompiledCondition, _ request: Request, _ captures: inout RouteCaptures
    ) -> Bool {
        if condition.source == .clientIP { return isInside(condition, request.clientAddress) }
        if condition.source == .expression { return request.holds(expressions[Int(condition.first)]) }
        if condition.source == .call { return request.isCall }
        var state = (isPresent: false, isFit: false)
        // Closures written in place stay on the stack; a local function would be boxed on the heap.
        text.with(condition.name) { name in
            switch condition.source {
            case .header:
                request.forEachHeader(named: name) { value in
                    state = (true, fits(condition, value, &captures))
                    return !state.isFit
                }
            case .query:
                request.forEachQuery(named: name) { value in
                    state = (true, fits(condition, value, &captures))
                    return !state.isFit
                }
            case .clientIP, .expression, .call: break
            }
        }
        return condition.test == .absent ? !state.isPresent : state.isFit
    }

    private func fits(_ condition: CompiledCondition, _ value: ByteView, _ captures: inout RouteCaptures) -> Bool {
        switch condition.test {
        case .present: true
        // One value settles it: there is one.
        case .absent: true
        case .equals: text.equals(condition.value, value)
        case .hasPrefix: text.with(condition.value) { value.hasPrefix($0) }
        case .hasSuffix:
            text.with(condition.value) { value.count >= $0.count && value.dropFirst(value.count - $0.count) == $0 }
        case .contains: text.with(condition.value) { RouteStorage.contains(value, $0) }
        case .regex: regexes[Int(condition.first)].matches(value, scratch: &captures.scratch)
        case .network, .holds: false
        }
    }

    private static func contains(_ value: ByteView, _ part: ByteView) -> Bool {
        guard part.count > 0 else { return true }
        var start = 0
        while let hit = value.firstIndex(of: part[0], from: start) {
            if value.dropFirst(hit).hasPrefix(part) { return true }
            start = hit + 1
        }
        return false
    }

    private func isInside(_ condition: CompiledCondition, _ address: IPAddress) -> Bool {
        for offset in 0..<Int(condition.count) {
            let network = networks[Int(condition.first) + offset]
            if address.high & network.maskHigh == network.high, address.low & network.maskLow == network.low { return true }
        }
        return false
    }
}
