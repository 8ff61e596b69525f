import Foundation
import Testing

@testable import Schema

/// The quick reader must read what the full one reads, or leave it alone.
@Suite struct YAMLTests {
    static let file = SourceFile("f.yaml")

    /// The tree of the quick reader, nil if it leaves the text to the full one.
    func plain(_ text: String) -> (tree: ConfigNode, diagnostics: [Diagnostic])? {
        var reader = PlainYAML(text, file: Self.file)
        return reader.document().map { ($0, reader.diagnostics) }
    }

    func agree(_ text: String) {
        guard let quick = plain(text) else { return }
        let full = ConfigNode.fullYAML(text, file: Self.file)
        if quick.diagnostics.isEmpty {
            #expect(full.diagnostics == [], "accepted: \(text.debugDescription)")
            #expect(quick.tree == full.tree, "\(text.debugDescription)")
            #expect(places(quick.tree) == places(full.tree), "\(text.debugDescription)")
        } else {
            #expect(full.diagnostics.count == 1, "duplicate keys: \(text.debugDescription)")
        }
    }

    /// Places of all values and keys but those of nothing.
    func places(_ node: ConfigNode) -> [SourcePosition] {
        switch node.content {
        case .null: []
        case .scalar: [node.position]
        case .list(let nodes): [node.position] + nodes.flatMap(places)
        case .map(let entries): [node.position] + entries.flatMap { [$0.position] + places($0.value) }
        }
    }

    static let inside = [
        "", "# only a comment", "a: 1", "a: 1\n", "---\na: 1\n", "a:\n  b: c\n  d:\n    - e\n    - f: g\n      h: i\n",
        "a:\n- b\n- c\nd: e",
        "- - a\n  - b\n- c", "a: {b: c, \"d\": [e, 'f', {}], g: , h: [ ] }", "a: http://x:80/y # z\nb: \"q # r\"",
        "a: -1\nb: - 1\n".replacing("b: - 1\n", with: ""),
        "größe: größe\nb: { ö: é, x: 1 }", "a: x # ü\nb: ~\nc: null\nd: \"null\"\ne:", "a: b\nc:   d  \n", "\n\n  a: 1\n  b: 2\n",
        "- name: x\n  y: 1\n\n# c\n- name: z", "key with spaces: value with spaces", "a: b:c\nd: e#f", "[a, b]", "plain",
        "a: '#'\nb: x#y #z",
        "a:\n  - b\n  # c\n\n  - d\ne: f", "-\n  a: b\n-\n  - c\n- \n- e", "a: {\"b\":c}", "a: {b: \"c\"}\n", "a: [1, 2,]\nb: {x: 1,}",
    ]
    static let outside = [
        "a: &x 1\nb: *x", "a: !!str 1", "a: |\n  b", "a: >-\n  b", "a: \"b\\n\"", "a: 'it''s'", "a: {\n b: c}", "a: b\n  c", "a:\tb",
        "? a\n: b",
        "--- a", "a: 1\n---\nb: 2", "a: 1\n...\n", "%YAML 1.2\n---\na: 1", "a: b: c", "a: [b: c]", "a: {b}", "a: @x", "<<: {a: 1}",
        "a: 1\n b: 2",
        "a: \"b\" c", "a: {b: c} d", "a: [b", "a: 1\r\nb: 2\r\n", "a: \u{85}", "a: }", "{a: 1}: b", "a: {b:c}", "a: {'b'c: d}",
        "\u{feff}a: 1", "a: b\n- c", "a: %x", "a : b",
    ]

    @Test(arguments: inside) func readsQuickly(_ text: String) {
        #expect(plain(text) != nil)
        agree(text)
    }

    @Test(arguments: outside) func leavesAlone(_ text: String) { #expect(plain(text) == nil) }

    @Test func agreesOnFiles() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        for folder in ["ModelTests/Cases", "../examples"] {
            let files = try FileManager.default.contentsOfDirectory(at: tests.appending(path: folder), includingPropertiesForKeys: nil)
            for file in files where file.pathExtension == "yaml" { agree(try String(contentsOf: file, encoding: .utf8)) }
        }
    }

    /// Small damage at every kind of place, the same every time.
    @Test func agreesOnDamagedText() {
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("ab:-#,[]{}\"' \n\n  ?&*!|>%@`\\~.ü".unicodeScalars)
        for text in Self.inside + Self.outside {
            for _ in 0..<60 {
                var scalars = Array(text.unicodeScalars)
                for _ in 0...random(2) {
                    let at = random(scalars.count + 1)
                    switch random(3) {
                    case 0 where at < scalars.count: scalars.remove(at: at)
                    case 1 where at < scalars.count: scalars[at] = alphabet[random(alphabet.count)]
                    default: scalars.insert(alphabet[random(alphabet.count)], at: at)
                    }
                }
                var damaged = ""
                damaged.unicodeScalars.append(contentsOf: scalars)
                agree(damaged)
            }
        }
    }

    @Test func aliasesAreBounded() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in 1...8 { text += "a\(i): &a\(i) [" + Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", ") + "]\n" }
        let (_, diagnostics) = ConfigNode.read(yaml: text, file: "f.yaml")
        #expect(diagnostics.count == 1)
        #expect(diagnostics.first?.message.contains("too large") == true)
    }

    @Test func deepNestingIsAnError() {
        let (_, diagnostics) = ConfigNode.read(yaml: String(repeating: "[", count: 100_000), file: "f.yaml")
        #expect(diagnostics.count == 1)
    }

    @Test func mergeKeys() {
        let (tree, diagnostics) = ConfigNode.read(yaml: "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", file: "f.yaml")
        #expect(diagnostics == [])
        guard case .map(let entries) = tree.content, case .map(let merged) = entries[1].value.content else { return #expect(Bool(false)) }
        #expect(merged.map(\.key) == ["y", "x"])
        #expect(merged.map(\.value.text) == ["3", "1"])
    }
}
