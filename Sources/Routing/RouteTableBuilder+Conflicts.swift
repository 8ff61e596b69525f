private import Expressions
internal import Primitives

/// Rules that no request can tell apart.
extension RouteTableBuilder {
    /// What besides methods must be the same for two entries of one place to be equal.
    private struct Signature: Hashable {
        var key: UInt64
        var regex: String?
        var conditions: [String]
        var conditionCount: Int
    }

    /// Compares each entry of a place with the earlier ones of its signature. Rules whose conditions differ are told apart by them; where
    /// a request meets both, the number of conditions and then the place in the file decide.
    mutating func findConflicts(in range: Range<Int>) {
        var seen: [Signature: (methods: HTTPMethodSet, positions: [Int])] = [:]
        for entry in storage.entries[range] {
            let position = Int(entry.position)
            let rule = rules[position]
            let signature = signature(of: rule, key: entry.key)
            let earlier = seen[signature]
            if let earlier {
                // One pair for each shared method is enough: all rules that are in a conflict are named, and copies of one rule do not
                // make a list as long as the square of their number.
                var shared = earlier.methods.intersection(rule.methods)
                for other in earlier.positions where !rules[other].methods.isDisjoint(with: shared) {
                    report(other, position)
                    shared.subtract(rules[other].methods)
                    if shared.isEmpty { break }
                }
            }
            seen[signature, default: ([], [])].methods.formUnion(rule.methods)
            seen[signature, default: ([], [])].positions.append(position)
        }
    }

    private func signature(of rule: RouteRule, key: UInt64) -> Signature {
        var pattern: String?
        if case .regex(let regex) = rule.path { pattern = regex.pattern }
        let conditions = Set(rule.conditions.map(\.description)).sorted()
        return Signature(key: key, regex: pattern, conditions: conditions, conditionCount: rule.conditionCount)
    }

    private mutating func report(_ a: Int, _ b: Int) {
        let first = rules[min(a, b)], second = rules[max(a, b)]
        // A rule with several hosts meets the other once for each.
        guard first.index != second.index, reported.insert([min(a, b), max(a, b)]).inserted else { return }
        let shared = first.methods.intersection(second.methods)
        let methods = shared == .all ? "every method" : shared.names.joined(separator: ", ")
        problems.append(
            .conflict(
                first: first.index, second: second.index,
                message: """
                    \(second.label) and \(first.label) cannot be told apart: both answer \(methods) on \(second.basePath)\(second.path) \
                    with the same hosts and conditions; change one, or give one a `priority`
                    """))
    }
}
