import Expressions
import Primitives
import Routing

extension ReferenceMatcher {
    /// The rules that cannot be told apart from some other one, by comparing all pairs.
    var inConflict: Set<Int> {
        var found: Set<Int> = []
        for a in rules.indices {
            for b in rules.indices where a < b && Self.areEqual(rules[a], rules[b]) { found.formUnion([rules[a].index, rules[b].index]) }
        }
        return found
    }

    private static func areEqual(_ a: RouteRule, _ b: RouteRule) -> Bool {
        let hostsA = Set(a.hosts.isEmpty ? [.any] : a.hosts), hostsB = Set(b.hosts.isEmpty ? [.any] : b.hosts)
        return a.priority == b.priority && !hostsA.isDisjoint(with: hostsB) && !a.methods.isDisjoint(with: b.methods)
            && (a.methods == .all) == (b.methods == .all) && a.conditions.count == b.conditions.count
            && Set(a.conditions.map(\.description)) == Set(b.conditions.map(\.description))
            && !Set(shapes(a)).isDisjoint(with: shapes(b))
    }

    /// Everything that the paths of a rule can be, parameters without their names.
    private static func shapes(_ rule: RouteRule) -> [String] {
        func text(_ segments: [PathPattern.Segment]) -> String {
            segments.map { if case .literal(let text) = $0 { "/" + text } else { "/{}" } }.joined()
        }
        let base = rule.basePath == "/" ? "" : rule.basePath
        return switch rule.path {
        case .any: ["any " + base]
        case .regex(let regex): ["regex \(base) \(regex.pattern)"]
        case .exact(let path): path == "/" && !base.isEmpty ? ["exact " + base, "exact \(base)/"] : ["exact " + base + path]
        case .template(let segments): ["template " + base + text(segments)]
        case .prefix(let segments, _): ["prefix " + base + text(segments)]
        }
    }
}
