internal import Expressions
internal import Primitives

/// Where in the path an entry was reached.
enum RouteReach {
    /// The whole path is matched.
    case end
    /// An open pattern was reached at the path's end: only its base path is there.
    case base
    /// An open pattern takes the path from here on.
    case rest(Int)
    /// The request is for "*".
    case asterisk
}

extension RouteStorage {
    /// Tries the entries of one place, best first, against what is left to check: method, conditions, expression.
    func consider<Request: RoutableRequest>(
        _ group: RouteGroup, _ reach: RouteReach, _ request: Request, _ walk: inout RouteWalk, _ captures: inout RouteCaptures
    ) {
        for number in Int(group.start)..<Int(group.start) + Int(group.count) {
            let entry = entries[number]
            guard entry.key > walk.floor else { return }
            guard RouteStorage.isReached(entry, reach) else { continue }
            let isServed = entry.methods & walk.method != 0
            // With another method it is of interest only while nothing fits.
            if !isServed, walk.best >= 0 || entry.methods | walk.allowed == walk.allowed { continue }
            if entry.conditionCount > 0, firstFailure(of: entry, request, &captures) != nil { continue }
            if entry.regex >= 0, !matchesPath(entry, walk.path, &captures, wantsGroups: isServed) { continue }
            guard isServed else {
                walk.allowed |= entry.methods
                continue
            }
            walk.floor = entry.key
            walk.best = number
            accept(entry, reach, walk, &captures)
            return
        }
    }

    private static func isReached(_ entry: RouteEntry, _ reach: RouteReach) -> Bool {
        switch reach {
        case .end, .rest: true
        case .base: entry.kind.contains(.fitsBase)
        case .asterisk: entry.kind.contains(.isAny)
        }
    }

    private func matchesPath(
        _ entry: RouteEntry, _ path: ByteView, _ captures: inout RouteCaptures, wantsGroups: Bool
    ) -> Bool {
        let regex = regexes[Int(entry.regex)]
        let base = Int(entry.baseLength)
        let own = base < path.count ? path.dropFirst(base) : ByteView("/")
        guard wantsGroups else { return regex.matches(own, scratch: &captures.scratch) }
        guard regex.firstMatch(in: own, captures: &captures.groups, scratch: &captures.scratch) else { return false }
        if base > 0 {
            for group in captures.groups.indices {
                guard let range = captures.groups[group] else { continue }
                // The "/" that stands for the base path alone is not in the request's path.
                captures.groups[group] = min(range.lowerBound + base, path.count)..<min(range.upperBound + base, path.count)
            }
        }
        return true
    }

    private func accept(_ entry: RouteEntry, _ reach: RouteReach, _ walk: RouteWalk, _ captures: inout RouteCaptures) {
        captures.pathStart = Int(entry.baseLength)
        captures.parameterCount = walk.parameterCount
        for number in 0..<walk.parameterCount { captures.parameters[number] = walk.parameters[number] }
        if entry.regex < 0 { captures.groups.removeAll(keepingCapacity: true) }
        captures.remainder = nil
        guard entry.kind.contains(.hasRemainder) else { return }
        let start = if case .rest(let start) = reach { start } else { walk.path.count }
        captures.remainder = start..<walk.path.count
        if entry.kind.contains(.namesRest), captures.parameterCount < RouteCaptures.parameterLimit {
            captures.parameters[captures.parameterCount] = ByteRange(start: UInt32(start), end: UInt32(walk.path.count))
            captures.parameterCount += 1
        }
    }
}
