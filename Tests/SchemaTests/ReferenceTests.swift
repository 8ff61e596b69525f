import Schema
import Testing

@Suite struct ReferenceTests {
    static let resolver = ReferenceResolver(
        environment: { ["A": "aa", "E": ""][$0] }, contents: { ["/c/f": "ff\n", "/abs": "x\n\n", "/s/key": "kk\r\n"][$0] },
        secretsFolder: "/s")

    func resolve(_ text: String) -> (ConfigNode, [Diagnostic]) {
        var diagnostics: [Diagnostic] = []
        let node = ConfigNode(.scalar(text), at: .none).resolvingReferences(folder: "/c", with: Self.resolver, diagnostics: &diagnostics)
        return (node, diagnostics)
    }

    @Test(arguments: [
        ("${env:A}", "aa"), ("x${env:A}y${env:A}", "xaayaa"), ("${env:E}", ""), ("${file:f}", "ff"), ("${file:/abs}", "x\n"),
        ("${secret:key}", "kk"),
    ])
    func found(_ text: String, _ value: String) {
        let (node, diagnostics) = resolve(text)
        #expect(node.text == value)
        #expect(node.isSecret)
        #expect(node.shown == "***")
        #expect(diagnostics == [])
    }

    @Test(arguments: [("$${env:A}", "${env:A}"), ("$1 {a} $", "$1 {a} $"), ("$$", "$$")]) func plain(_ text: String, _ value: String) {
        let (node, diagnostics) = resolve(text)
        #expect(node.text == value)
        #expect(!node.isSecret)
        #expect(diagnostics == [])
    }

    @Test(arguments: ["${env:B}", "${file:g}", "${secret:../c/f}", "${secret:}", "${A}", "${x:y}", "${env:A", "${}"]) func missing(
        _ text: String
    ) {
        #expect(resolve(text).1.count == 1)
    }
}
