import Foundation
import Policies
import Schema
import Testing

@testable import Model

/// Every file in `Cases` and in `examples`: its diagnostics must be those of its `# expect:` comments, no more and no less.
@Suite struct CaseTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    static let cases = files(in: folder.appending(path: "Cases"))
    static let examples = files(in: folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples"))

    @Test(arguments: cases) func `case`(_ file: URL) throws { try check(file) }
    @Test(arguments: examples) func example(_ file: URL) throws {
        try check(file)
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.hasPrefix("# yaml-language-server: $schema=../docs/sluice.schema.json\n"))
    }

    func check(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let found = Case.load(text, file: file.lastPathComponent).diagnostics.map(\.description)
        // Without the file's name and the path in parentheses that ends a line.
        var rest = found.map { String($0.dropFirst(file.lastPathComponent.count + 1)) }
        for expected in Case.expectations(text) {
            guard let i = rest.firstIndex(where: { $0.hasPrefix(expected) }) else {
                Issue.record("\(file.lastPathComponent): nothing begins with \"\(expected)\" in:\n\(rest.joined(separator: "\n"))")
                continue
            }
            rest.remove(at: i)
        }
        #expect(rest == [], "not expected in \(file.lastPathComponent)")
    }

    static func files(in folder: URL) -> [URL] {
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "yaml" }.sorted { $0.path < $1.path }
    }
}

enum Case {
    static func load(_ text: String, file: String = "case.yaml") -> Loaded<Configuration> {
        var (tree, diagnostics) = ConfigNode.read(yaml: text, file: file)
        tree = tree.resolvingReferences(folder: "/etc/sluice", with: resolver, diagnostics: &diagnostics)
        let loaded = Configuration.load(tree, policies: builtInPolicies)
        return Loaded(value: loaded.value, diagnostics: (diagnostics + loaded.diagnostics).sortedByPosition)
    }

    /// `# expect: 4:7: error: …`
    static func expectations(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            line.firstRange(of: "# expect: ").map { String(line[$0.upperBound...]) }
        }
    }

    static let resolver = ReferenceResolver(
        environment: { name in
            if name.hasSuffix("_SECRET") { return String(repeating: "s", count: 40) }
            return ["API_ADDRESS": "127.0.0.1:9001", "SECRET": "s3cret", "NUMBER": "7"][name]
        },
        contents: { ["/etc/sluice/body.txt": "from a file\n", "/run/secrets/key": "k\n"][$0] }, secretsFolder: "/run/secrets")
}
