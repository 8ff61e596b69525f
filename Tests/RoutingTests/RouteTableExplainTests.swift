import Primitives
import Routing
import Testing

@Suite struct RouteTableExplainTests {
    private static let texts = [
        "host=api.example.com path=/products/{id} methods=GET", "host=api.example.com path=/products/{id} methods=POST",
        "host=api.example.com path=/products/* header=x-version==2", "path=/products/*", "host=other.test path=/products/{id}",
        "host=api.example.com path=/products/{id}/reviews", "host=api.example.com path=/else", "host=other.test path=/else",
        "regex=^/products/(.*)$",
    ]

    private func table() throws -> RouteTable {
        try RouteTable(try Self.texts.enumerated().map { try RouteRule(parsing: $1, index: $0) })
    }

    @Test func saysWhyAndWhyNot() throws {
        let lines = try table().explain(TestRequest("GET", host: "api.example.com", path: "/products/7"))
        #expect(
            lines.map(\.description) == [
                "routes[0]: takes the request",
                "routes[3]: fits too, but routes[0] goes first",
                "routes[8]: fits too, but routes[0] goes first",
                "routes[2]: host and path fit, but not the condition: header x-version is \"2\"",
                "routes[1]: host and path fit, but it answers POST only",
                "routes[5]: the path is not /products/{id}/reviews",
                "routes[6]: the path is not /else",
                "routes[4]: the path fits, but the host is not other.test",
            ])
        #expect(lines.map(\.index) == [0, 3, 8, 2, 1, 5, 6, 4])
    }

    @Test func saysWhatWouldDoWhenNothingFits() throws {
        let table = try RouteTable([
            try RouteRule(parsing: "path=/a methods=GET", index: 0), try RouteRule(parsing: "path=/a/b", index: 1),
        ])
        let lines = table.explain(TestRequest("POST", host: "", path: "/a"))
        #expect(lines.map(\.description) == ["routes[0]: host and path fit, but it answers GET, HEAD only", "routes[1]: the path is not /a/b"])
        #expect(lines.first?.verdict == .method(allowed: [HTTPMethodSet(.get), HTTPMethodSet(.head)]))
    }

    @Test func isBounded() throws {
        let rules = try (0..<1_000).map { try RouteRule(parsing: "path=/a\($0)", index: $0) }
        let request = TestRequest("GET", host: "", path: "/a500")
        let lines = try RouteTable(rules).explain(request, limit: 5)
        #expect(lines.count == 6)
        #expect(lines[0].index == 500)
        // The nearest paths first: those that share the most with the request's.
        #expect(lines[1].index == 50 || lines[1].index == 5 || lines[1].index / 10 == 50)
        #expect(try RouteTable([]).explain(request).isEmpty)
    }

    /// `explain` checks rules one by one, without the table: both must agree on what is chosen.
    @Test func agreesWithMatch() throws {
        var random = RandomRoutes(seed: 7)
        var captures = RouteCaptures()
        for _ in 0..<200 {
            let rules = try (0..<12).map { try random.rule($0) }
            guard let table = try? RouteTable(rules) else { continue }
            for _ in 0..<10 {
                let request = random.request()
                let lines = table.explain(request, limit: 100)
                let fits = lines.contains { $0.verdict == .chosen || $0.verdict == .outranked }
                switch table.match(request, captures: &captures) {
                case .route(let index): #expect(lines.first?.index == index && lines.first?.verdict == .chosen)
                case .methodNotAllowed:
                    #expect(!fits)
                    #expect(lines.contains { if case .method = $0.verdict { true } else { false } })
                case .notFound: #expect(!fits)
                }
            }
        }
    }
}
