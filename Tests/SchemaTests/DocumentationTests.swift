import Testing

@testable import Schema

@Suite struct DocumentationTests {
    let schema = JSONSchema.document(of: Sample.self, title: "Sample")

    func property(_ name: String) -> JSONValue? { schema["properties"]?[name] }

    @Test func document() {
        #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["description"] == "A sample.")
        #expect(schema["additionalProperties"] == false)
        #expect(schema["required"] == ["name"])
        #expect(schema["$defs"]?["Inner"]?["properties"]?["depth"]?["default"] == 1)
    }

    @Test func properties() {
        #expect(property("count")?["minimum"] == 1)
        #expect(property("count")?["maximum"] == 10)
        #expect(property("count")?["default"] == 3)
        #expect(property("time")?["default"] == "15s")
        #expect(property("time")?["x-minimum"] == "1ms" && property("time")?["x-maximum"] == "60s")
        #expect(property("count")?["title"] == "Count")
        #expect(property("time")?["description"] == "Time. From 1ms to 60s.")
        #expect(property("size")?["default"] == "8KiB")
        #expect(property("colour")?["anyOf"] != nil)
        #expect(property("inner")?["$ref"] == "#/$defs/Inner")
        #expect(property("inners")?["items"] == ["$ref": "#/$defs/Inner"])
        #expect(property("perhaps")?["default"] == nil)
        #expect(property("in") != nil)
    }

    /// What a form needs beyond what a check needs.
    @Test func formHints() {
        guard case .object(let members) = schema["properties"] else { return #expect(Bool(false)) }
        #expect(members.map { $0.value["x-order"] } == members.indices.map { .integer($0) })
        #expect(
            ["maxAge", "defaultTTL", "set", "clientIp", "http1"].map { JSONSchema.title(of: $0) } == [
                "Max age", "Default TTL", "Set", "Client IP", "HTTP1",
            ])
    }

    @Test func tables() {
        let text = MarkdownTables.document(of: Sample.self, title: "Sample")
        #expect(text.hasPrefix("# Sample\n\nA sample.\n\n| setting | type | default | |\n"))
        #expect(text.contains("| `name` | text | required | Needed. |\n"))
        #expect(text.contains("| `count` | whole number, 1 to 10 | `3` | Count. |\n"))
        #expect(text.contains("| `inner` | group |  | Inner \\| group. |\n"))
        #expect(text.contains("Not in this version yet: `later`.\n"))
        #expect(text.contains("## `inner`, `inners[]`\n\n"), "a type is described once, with all its places")
    }

    @Test func jsonText() {
        let value: JSONValue = ["a": [1, true, .null, .number(0.5)], "b": "q\"\\\n\u{1}é", "c": [:], "d": []]
        #expect(value.text() == #"{"a":[1,true,null,0.5],"b":"q\"\\\n\u0001é","c":{},"d":[]}"#)
        #expect(JSONValue.object([.init("a", [1])]).text(pretty: true) == "{\n  \"a\": [\n    1\n  ]\n}")
    }

    @Test func diagnosticsAsJSON() {
        let diagnostic = load("name: x\ncout: 1").diagnostics[0]
        #expect(
            diagnostic.json.text()
                == #"{"severity":"error","file":"f.yaml","line":2,"column":1,"path":"cout","message":"unknown key `cout`","remedy":"did you mean \"count\"?"}"#
        )
    }
}
