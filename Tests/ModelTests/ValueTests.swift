import Primitives
import Schema
import Testing

@testable import Model

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("/", ["="], false), ("/a", ["=a"], false), ("/a/", ["=a", "="], false), ("/*", [], true), ("/a/*", ["=a"], true),
        ("/a/{id}", ["=a", "id"], false), ("/{a}/b/{c}/*", ["a", "=b", "c"], true), ("/files/{path*}", ["=files"], true),
        ("/v1.2/x", ["=v1.2", "=x"], false),
    ])
    func segments(_ text: String, _ expected: [String], _ isPrefix: Bool) throws {
        let pattern = try PathPattern(text)
        let segments = pattern.segments.map {
            switch $0 {
            case .literal(let text): "=\(text)"
            case .parameter(let name): name
            }
        }
        #expect(segments == expected)
        #expect(pattern.isPrefix == isPrefix)
        #expect(pattern.isExact == (!isPrefix && !text.contains("{")))
    }

    @Test func rest() throws {
        #expect(try PathPattern("/files/{path*}").restName == "path")
        #expect(try PathPattern("/files/{path*}").parameters == ["path"])
        #expect(try PathPattern("/files/*").restName == nil)
        #expect(try PathPattern("/files/{*}").restName == nil)
    }

    @Test(arguments: [
        "", "a", "/a/*/b", "/a*", "/{a}/{a}", "/{}", "/{1a}", "/{a", "/a}", "/x{a}", "/{a}x", "/{a*}/b", "/a b", "/a?b", "/a#b", "/a/../b",
        "/.",
        "/{a}/{a*}", "/{{a}}",
    ])
    func flaws(_ text: String) { #expect(throws: PathPattern.Flaw.self) { try PathPattern(text) } }
}

@Suite struct TemplateTests {
    @Test func pieces() {
        #expect(
            Template(text: "/x/{id}/{*}/$1$2").pieces == [
                .literal("/x/"), .parameter("id"), .literal("/"), .rest, .literal("/"), .group(1), .group(2),
            ])
        #expect(Template(text: "{\"a\": {}}").pieces == [.literal("{\"a\": {}}")])
        #expect(Template(text: "$ $0 $x {").pieces == [.literal("$ $0 $x {")])
        #expect(Template(text: "").pieces == [])
    }

    @Test func unknownPiecesBecomeText() {
        let pieces = Template(text: "{\"id\":\"{id}\",\"at\":{time}}").pieces { $0 != .parameter("time") }
        #expect(pieces == [.literal("{\"id\":\""), .parameter("id"), .literal("\",\"at\":{time}}")])
    }
}

@Suite struct SmallValueTests {
    @Test func hosts() {
        #expect(HostPattern(parsing: "API.example.com") == .exact("api.example.com"))
        #expect(HostPattern(parsing: "*.Example.org") == .wildcard("example.org"))
        #expect(HostPattern(parsing: "*") == .any)
        #expect(HostPattern(parsing: "[::1]") == .exact("[::1]"))
        for text in ["", "a:80", "http://a", "a.*.b", "*.", "*a.b", "a/b", "a b", ".a", "a..b"] {
            #expect(HostPattern(parsing: text) == nil, "\(text)")
        }
    }

    @Test func basePaths() {
        #expect(BasePath(parsing: "/")?.prefix == "")
        #expect(BasePath(parsing: "/a/b/")?.prefix == "/a/b")
        for text in ["", "a", "//", "/a//b", "/{a}", "/a*", "/a?b"] where text != "//" {
            #expect(BasePath(parsing: text) == nil, "\(text)")
        }
    }
}
