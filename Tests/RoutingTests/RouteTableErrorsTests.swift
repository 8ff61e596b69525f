import Primitives
import Routing
import Testing

@Suite struct RouteTableErrorsTests {
    private func problems(_ rules: [RouteRule]) -> [RouteTableError.Problem] {
        do throws(RouteTableError) {
            _ = try RouteTable(rules)
            return []
        } catch { return error.problems }
    }

    @Test func namesBothRulesAndWhatToDo() throws {
        let path = try PathPattern(parsing: "/products/{id}")
        let found = problems([
            RouteRule(
                index: 7, label: "apis[0].routes[0] \"one\" (sluice.yaml:10)",
                basePath: "/catalog", path: path, methods: HTTPMethodSet(.get)),
            RouteRule(
                index: 9, label: "apis[2].routes[1] \"two\" (sluice.yaml:40)",
                basePath: "/catalog", path: path, methods: HTTPMethodSet(.get)),
        ])
        #expect(
            found == [
                .conflict(
                    first: 7, second: 9,
                    message: """
                        apis[2].routes[1] "two" (sluice.yaml:40) and apis[0].routes[0] "one" (sluice.yaml:10) cannot be told apart: both answer \
                        GET on /catalog/products/{id} with the same hosts and conditions; change one, or give one a `priority`
                        """)
            ])
    }

    @Test func reportsEverythingAtOnce() throws {
        let found = problems([
            RouteRule(index: 0, label: "a", basePath: "catalog"),
            RouteRule(index: 1, label: "b", basePath: "/{x}"),
            RouteRule(index: 2, label: "c", priority: Int(Int32.max) + 1),
            RouteRule(index: 3, label: "d", path: .exact("/x")),
            RouteRule(index: 4, label: "e", path: .exact("/x")),
            RouteRule(index: 5, label: "f", basePath: "/a/../b"),
        ])
        #expect(found.count == 5)
        #expect(found.map(\.message).contains { $0.hasPrefix("a: basePath \"catalog\" must begin") })
        #expect(found.map(\.message).contains { $0.hasPrefix("b: basePath \"/{x}\" must be literal") })
        #expect(found.map(\.message).contains { $0.hasPrefix("c: priority") })
        #expect(found.map(\.message).contains { $0.hasPrefix("e and d cannot be told apart") })
        #expect(found.map(\.message).contains { $0.hasPrefix("f: basePath") })
    }

    @Test func knowsItsNames() throws {
        let table = try RouteTable([
            RouteRule(index: 40, label: "a", path: try PathPattern(parsing: "/{x}/b/{y}/{rest*}")),
            RouteRule(index: 41, label: "b", path: try PathPattern(regex: "^/(?<lang>\\w+)/(.*)$")),
        ])
        #expect(table.count == 2)
        #expect(table.parameterNames(of: 40) == ["x", "y", "rest"])
        #expect(table.parameterNames(of: 41) == [])
        #expect(table.groupNames(of: 41) == [nil, "lang", nil])
        #expect(table.parameterNames(of: 1) == [])
        #expect(table.groupNames(of: 40) == [])
    }

    @Test func capturesAreOutOfReachBeyondTheirCount() {
        let captures = RouteCaptures()
        #expect(captures.parameter(0) == nil)
        #expect(captures.parameter(-1) == nil)
        #expect(captures.parameter(99) == nil)
    }
}
