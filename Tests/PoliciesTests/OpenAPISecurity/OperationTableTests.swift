import GatewayCore
import Primitives
import Testing

@testable import Policies

@Suite struct OperationTableTests {
    private static let templates = [
        "/", "/orders", "/orders/{id}", "/orders/latest", "/orders/{id}/items/{item}", "/{tenant}/orders", "/orders/{id}.json", "/v{version}/x",
        "/a b",
    ]

    @Test(
        arguments: [
            ("/", "/"), ("/orders", "/orders"), ("/orders/7", "/orders/{id}"), ("/orders/latest", "/orders/latest"),
            ("/orders/7/items/8", "/orders/{id}/items/{item}"), ("/acme/orders", "/{tenant}/orders"), ("/orders/orders", "/orders/{id}"),
            ("/orders/7.json", "/orders/{id}.json"), ("/orders/.json", "/orders/{id}"), ("/v1/x", "/v{version}/x"), ("/v/x", nil), ("/orders/", nil),
            ("/orders/7/", nil), ("//orders", nil), ("", nil), ("orders", nil), ("/orders/7/items", nil), ("/x", nil),
        ] as [(String, String?)])
    func find(_ path: String, _ expected: String?) throws {
        var table = OperationTable()
        for (place, template) in OperationTableTests.templates.enumerated() { try table.add(template, "GET", place) }
        let found = path.withView { table.find($0, ByteView("GET")) }
        #expect(found.map { OperationTableTests.templates[$0] } == expected)
    }

    @Test func methods() throws {
        var table = OperationTable()
        try table.add("/a", "GET", 0)
        try table.add("/a", "POST", 1)
        try table.add("/{x}", "DELETE", 2)
        let path = Array("/a".utf8)
        func find(_ method: String) -> Int? { path.withView { path in method.withView { table.find(path, $0) } } }
        #expect(find("GET") == 0 && find("POST") == 1 && find("HEAD") == 0)
        // The concrete path is meant, which has no such operation.
        #expect(find("DELETE") == nil && find("get") == nil)
    }

    @Test(arguments: ["/{a}{b}", "/{a", "/a}", "/{a}}", "/{{a}"])
    func refused(_ template: String) {
        var table = OperationTable()
        #expect(throws: OpenAPIError.self) { try table.add(template, "GET", 0) }
    }
}

@Suite struct SecurityRequirementTests {
    private func principal(_ method: String, _ scopes: [String] = []) -> Principal { Principal(method: method, subject: "s", scopes: scopes) }
    private func requirement(_ alternatives: [(methods: [String], scopes: [String])]...) -> SecurityRequirement {
        SecurityRequirement(alternatives: alternatives.map { $0.map { SecurityRequirement.Demand(methods: $0.methods, scopes: $0.scopes) } })
    }

    @Test func nothingIsDemanded() {
        #expect(requirement().check(nil, nil) == .met && requirement([]).check(nil, nil) == .met)
        #expect(requirement([(["api-key"], [])], []).check(nil, nil) == .met)
    }

    @Test func kinds() {
        let token = requirement([([], [])]), key = requirement([(["api-key"], [])])
        #expect(token.check(nil, nil) == .missing && token.check(principal("jwt"), nil) == .met)
        #expect(token.check(principal("oauth2-introspection"), nil) == .met && token.check(principal("api-key"), nil) == .otherKind)
        #expect(token.check(principal("anonymous"), nil) == .otherKind && token.check(principal("something-new"), nil) == .otherKind)
        #expect(key.check(principal("api-key"), nil) == .met && key.check(principal("jwt"), nil) == .otherKind)
        // Two kinds at once nobody has proved.
        #expect(requirement([(["api-key"], []), ([], [])]).check(principal("jwt"), nil) == .otherKind)
    }

    @Test func scopesAndRoles() {
        let both = requirement([([], ["a", "b"])], [(["basic-auth"], ["writers"])])
        #expect(both.check(principal("jwt", ["a", "b", "c"]), nil) == .met && both.check(principal("jwt", ["a"]), nil) == .lacking)
        let writer = Consumer(name: "w", groups: ["writers"])
        #expect(both.check(principal("basic-auth"), writer) == .met && both.check(principal("basic-auth"), nil) == .lacking)
        #expect(both.scopes == ["a", "b"])
    }
}
