internal import Primitives

extension RouteTable {
    /// The chosen rule first, if there is one, then at most `limit` others, the nearest misses first. Rules of which neither the host
    /// nor the path fits are left out. Walks every rule: not for the hot path.
    package func explain<Request: RoutableRequest>(_ request: Request, limit: Int = 10) -> [RouteExplanation] {
        var captures = RouteCaptures()
        let best = storage.search(request, &captures).entry
        let chosen = best < 0 ? nil : Int(storage.entries[best].position)
        var entries = [Int](repeating: 0, count: rules.count)
        for (number, entry) in storage.entries.enumerated() { entries[Int(entry.position)] = number }

        var misses: [(position: Int, verdict: RouteExplanation.Verdict, shared: Int)] = []
        for (position, rule) in rules.enumerated() where position != chosen {
            guard let verdict = verdict(on: rule, storage.entries[entries[position]], request, &captures) else { continue }
            let shared = verdict == .path ? RouteTable.sharedBytes(rule.wholePath, request.path) : 0
            misses.append((position, verdict, shared))
        }
        // The sort is not stable by promise: the place in the file comes last.
        misses.sort { ($0.verdict.distance, -$0.shared, $0.position) < ($1.verdict.distance, -$1.shared, $1.position) }
        return (chosen.map { [explanation($0, .chosen, chosen: nil)] } ?? [])
            + misses.prefix(limit).map { explanation($0.position, $0.verdict, chosen: chosen) }
    }

    private func verdict<Request: RoutableRequest>(
        on rule: RouteRule, _ entry: RouteEntry, _ request: Request, _ captures: inout RouteCaptures
    ) -> RouteExplanation.Verdict? {
        let fitsHost = rule.fitsHost(request.host)
        guard rule.fitsPath(request.path, scratch: &captures.scratch) else { return fitsHost ? .path : nil }
        guard fitsHost else { return .host }
        if let failed = storage.firstFailure(of: entry, request, &captures) {
            return .condition(rule.conditions[failed].description)
        }
        return rule.servedMethods.contains(request.method) ? .outranked : .method(allowed: rule.servedMethods)
    }

    private func explanation(_ position: Int, _ verdict: RouteExplanation.Verdict, chosen: Int?) -> RouteExplanation {
        let rule = rules[position]
        let reason =
            switch verdict {
            case .chosen: "takes the request"
            case .outranked: "fits too, but \(chosen.map { rules[$0].label } ?? "another route") goes first"
            case .condition(let text): "host and path fit, but not the condition: \(text)"
            case .method(let allowed): "host and path fit, but it answers \(allowed.names.joined(separator: ", ")) only"
            case .path: "the path is not \(rule.wholePath)"
            case .host: "the path fits, but the host is not \(rule.hosts.map(\.description).joined(separator: ", "))"
            }
        return RouteExplanation(index: rule.index, label: rule.label, verdict: verdict, reason: reason)
    }

    /// How far the path and the pattern agree.
    private static func sharedBytes(_ pattern: String, _ path: ByteView) -> Int {
        var count = 0
        for byte in pattern.utf8 {
            guard count < path.count, path[count] == byte else { break }
            count += 1
        }
        return count
    }
}
