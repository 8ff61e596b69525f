import Primitives
import Routing
import Testing

@Suite struct RouteTableDifferentialTests {
    /// Thousands of small tables, each against its own requests: conflicts first, then matches without the rules in conflict.
    @Test func agreesWithTheReference() throws {
        var random = RandomRoutes(seed: 20)
        var captures = RouteCaptures()
        var routed = 0, refused = 0
        for round in 0..<1_000 {
            let rules = try (0..<1 + random.below(30)).map { try random.rule($0) }
            let conflicting = Self.conflicts(rules)
            #expect(conflicting == ReferenceMatcher(rules: rules).inConflict, "round \(round)")
            let rest = rules.filter { !conflicting.contains($0.index) }
            let table = try RouteTable(rest)
            let reference = ReferenceMatcher(rules: rest)
            for _ in 0..<20 {
                let request = random.request()
                let wanted = reference.match(request)
                let found = table.match(request, captures: &captures)
                #expect(found == wanted, "round \(round): \(request.text)")
                guard found == wanted else {
                    for rule in rest {
                        print(rule.index, rule.hosts, rule.basePath, rule.path, rule.methods.names, rule.conditions, rule.priority)
                    }
                    return
                }
                switch found {
                case .route(let index):
                    routed += 1
                    Self.check(captures, rest.first { $0.index == index }, request)
                case .methodNotAllowed: refused += 1
                case .notFound: break
                }
            }
        }
        // The alphabets are small enough for the requests to mean something.
        #expect(routed > 5_000)
        #expect(refused > 250)
    }

    private static func conflicts(_ rules: [RouteRule]) -> Set<Int> {
        do throws(RouteTableError) {
            _ = try RouteTable(rules)
            return []
        } catch {
            return error.problems.reduce(into: []) { set, problem in
                if case .conflict(let first, let second, _) = problem { set.formUnion([first, second]) }
            }
        }
    }

    /// Puts the captures back into the pattern: that must give the path.
    private static func check(_ captures: borrowing RouteCaptures, _ rule: RouteRule?, _ request: TestRequest) {
        guard let rule else { return }
        let path = request.path.string
        let base = rule.basePath == "/" ? "" : rule.basePath
        #expect(captures.pathStart == base.utf8.count)
        let parts: [PathPattern.Segment]
        switch rule.path {
        case .template(let segments): parts = segments
        case .prefix(let segments, let rest):
            parts = segments
            #expect(captures.remainder != nil)
            #expect(captures.parameterCount == rule.path.parameterNames.count)
            if rest != nil { #expect(captures.parameter(captures.parameterCount - 1) == captures.remainder) }
        default:
            #expect(captures.parameterCount == 0)
            return
        }
        var text = base
        var next = 0
        for part in parts {
            switch part {
            case .literal(let literal): text += "/" + literal
            case .parameter:
                text += "/" + (captures.parameter(next).map { request.path[$0].string } ?? "?")
                next += 1
            }
        }
        if let remainder = captures.remainder {
            let rest = request.path[remainder].string
            #expect(path == text + "/" + rest || (path == base && rest.isEmpty))
        } else {
            #expect(path == text)
        }
    }
}
