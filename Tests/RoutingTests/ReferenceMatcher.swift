import Expressions
import Foundation
import Primitives
import Routing

/// The contract, said as simply as possible: every rule is tried, and what fits is sorted.
struct ReferenceMatcher {
    let rules: [RouteRule]

    func match(_ request: TestRequest) -> RouteMatch {
        var best: (rank: [Int], index: Int)?
        var allowed: HTTPMethodSet = []
        for (position, rule) in rules.enumerated() {
            guard let host = Self.hostRank(rule, request.host.string), let path = Self.pathRank(rule, request.path.string),
                rule.conditions.allSatisfy({ Self.passes($0, request) })
            else { continue }
            let served = rule.methods.contains(.get) ? rule.methods.union(HTTPMethodSet(.head)) : rule.methods
            guard served.contains(request.method) else {
                allowed.formUnion(served)
                continue
            }
            let conditions = rule.conditions.count + (rule.methods == .all ? 0 : 1)
            let namesHead = rule.methods != .all && rule.methods.contains(.head) ? 1 : 0
            let rank = [rule.priority, host] + path + [conditions, namesHead, -position]
            if best.map({ $0.rank.lexicographicallyPrecedes(rank) }) ?? true { best = (rank, rule.index) }
        }
        if let best { return .route(best.index) }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed)
    }

    /// Greater is more specific.
    private static func hostRank(_ rule: RouteRule, _ host: String) -> Int? {
        if rule.hosts.isEmpty { return 0 }
        return rule.hosts.compactMap { pattern in
            switch pattern {
            case .any: 0
            case .exact(let name): name == host ? 1_000 : nil
            case .wildcard(let suffix): host.hasSuffix("." + suffix) && host.count > suffix.count + 1 ? suffix.count : nil
            }
        }.max()
    }

    /// All of one length, 70 numbers: the kind, its measures, then a 1 for each literal segment from the left.
    private static func pathRank(_ rule: RouteRule, _ path: String) -> [Int]? {
        let base = rule.basePath == "/" ? "" : rule.basePath
        guard path.hasPrefix("/") else {
            if case .any = rule.path { return base.isEmpty ? pad([0]) : nil }
            return nil
        }
        guard path == base || path.hasPrefix(base + "/") else { return nil }
        let own = path == base ? "/" : String(path.dropFirst(base.count))
        let baseCount = base.split(separator: "/").count
        let literalBase = Array(repeating: 1, count: baseCount)
        switch rule.path {
        case .exact(let text): return own == text ? pad([3]) : nil
        case .template(let pattern):
            let segments = split(own)
            guard pattern.count == segments.count, fits(pattern, segments) else { return nil }
            let bits = literalBase + pattern.map(bit)
            return pad([2, bits.reduce(0, +), 0, 0] + bits)
        case .prefix(let pattern, _):
            let segments = split(own)
            guard segments.count > pattern.count, fits(pattern, segments) else { return nil }
            let bits = literalBase + pattern.map(bit)
            return pad([1, bits.count, 2, bits.reduce(0, +)] + bits)
        case .regex(let regex):
            var scratch = LinearRegex.Scratch()
            return own.withView { regex.matches($0, scratch: &scratch) } ? pad([1, baseCount, 1, baseCount] + literalBase) : nil
        case .any: return pad([1, baseCount, 0, baseCount] + literalBase)
        }
    }

    private static func pad(_ numbers: [Int]) -> [Int] { numbers + Array(repeating: 0, count: 70 - numbers.count) }
    private static func split(_ path: String) -> [String] { path.dropFirst().components(separatedBy: "/") }
    private static func bit(_ segment: PathPattern.Segment) -> Int { if case .literal = segment { 1 } else { 0 } }

    private static func fits(_ pattern: [PathPattern.Segment], _ segments: [String]) -> Bool {
        zip(pattern, segments).allSatisfy { part, segment in
            switch part {
            case .literal(let text): text == segment
            case .parameter: !segment.isEmpty
            }
        }
    }

    private static func passes(_ condition: RouteCondition, _ request: TestRequest) -> Bool {
        let (values, test): ([String], RouteCondition.ValueTest)
        switch condition {
        case .clientIP(let networks): return networks.contains { $0.contains(request.clientAddress) }
        case .call: return request.isCall
        case .expression(let expression): return request.holds(expression)
        case .header(let name, let given): (values, test) = (request.headers.filter { $0.name == name }.map(\.value), given)
        case .query(let name, let given): (values, test) = (request.query.filter { $0.name == name }.map(\.value), given)
        }
        if case .absent = test { return values.isEmpty }
        return values.contains { value in
            switch test {
            case .present: true
            case .absent: false
            case .equals(let text): value == text
            case .hasPrefix(let text): value.hasPrefix(text)
            case .hasSuffix(let text): value.hasSuffix(text)
            case .contains(let text): value.contains(text)
            case .regex: false
            }
        }
    }
}
