import Primitives
import Routing
import Testing

/// Cost is counted in nodes visited, which repeats, not in seconds, which do not.
@Suite struct RouteTableGrowthTests {
    private func table(_ count: Int) throws -> RouteTable {
        try RouteTable(
            (0..<count).map { index in
                let path = ["/items\(index)", "/orders\(index)/{id}", "/users\(index)/{id}/files/{name}", "/static\(index)/*"][index % 4]
                return RouteRule(
                    index: index, label: "routes[\(index)]", hosts: [.exact("api.example.com")], basePath: "/api",
                    path: try PathPattern(parsing: path), methods: HTTPMethodSet(.get))
            })
    }

    @Test func tenThousandRoutesCostNoMoreThanTen() throws {
        let small = try table(10), large = try table(10_000)
        var captures = RouteCaptures()
        for (path, index) in [("/api/items4", 4), ("/api/orders5/7", 5), ("/api/users6/7/files/x", 6), ("/api/static7/a/b/c", 7)] {
            let request = TestRequest("GET", host: "api.example.com", path: path)
            #expect(small.match(request, captures: &captures) == .route(index))
            let visited = captures.nodesVisited
            #expect(large.match(request, captures: &captures) == .route(index))
            #expect(captures.nodesVisited == visited)
            #expect(visited <= 6)
        }
        let miss = TestRequest("GET", host: "api.example.com", path: "/api/nothing/at/all")
        #expect(large.match(miss, captures: &captures) == .notFound)
        #expect(captures.nodesVisited <= 3)
    }

    /// A literal and a parameter fit at every segment: the walk may look at every pattern that still fits, never more.
    @Test func goingBackIsBoundedByTheTable() throws {
        var rules: [RouteRule] = []
        for bits in 0..<256 {
            let path = (0..<8).map { bits >> $0 & 1 == 0 ? "/a" : "/{p\($0)}" }.joined() + "/end\(bits)"
            rules.append(RouteRule(index: bits, label: "routes[\(bits)]", path: try PathPattern(parsing: path)))
        }
        let table = try RouteTable(rules)
        var captures = RouteCaptures()
        let all = String(repeating: "/a", count: 8)
        #expect(table.match(TestRequest("GET", host: "", path: all + "/end255"), captures: &captures) == .route(255))
        #expect(captures.parameterCount == 8)
        #expect(captures.nodesVisited <= 2 * 512)
        #expect(table.match(TestRequest("GET", host: "", path: all + "/none"), captures: &captures) == .notFound)
        #expect(captures.nodesVisited <= 512)
        // What was found bounds what is still worth a look.
        #expect(table.match(TestRequest("GET", host: "", path: all + "/end0"), captures: &captures) == .route(0))
        #expect(captures.nodesVisited <= 10)
    }

    @Test func longPathsAndHostsAreWalkedNoDeeperThanThePatterns() throws {
        let table = try RouteTable([
            RouteRule(index: 0, label: "a", hosts: [.wildcard("example.com")], path: try PathPattern(parsing: "/{a}/{b}")),
            RouteRule(index: 1, label: "b", path: try PathPattern(parsing: "/*")),
        ])
        var captures = RouteCaptures()
        let host = String(repeating: "a.", count: 120) + "example.com"
        let request = TestRequest("GET", host: host, path: String(repeating: "/a", count: 10_000))
        #expect(table.match(request, captures: &captures) == .route(1))
        #expect(captures.nodesVisited <= 4)
    }
}
