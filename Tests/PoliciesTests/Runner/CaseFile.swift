import Foundation
import Schema
import Testing

/// A file with a case.
struct CaseFile: Sendable, CustomStringConvertible, CustomTestStringConvertible {
    let folder: URL
    /// `headers/response-set.yaml`
    let name: String

    static let cases = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Cases")

    var policy: String { String(name.prefix { $0 != "/" }) }
    var path: String { folder.appending(path: name).path }
    var description: String { name }
    var testDescription: String { name }

    /// Every file in the folders of `folder`.
    static func all(in folder: URL = cases) -> [CaseFile] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { CaseFile(folder: folder, name: $0) }
    }

    /// The case, unless something about it is wrong. A case that checks nothing is wrong.
    func read() -> Loaded<Case> {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            return Loaded(value: nil, diagnostics: [Diagnostic(.error, at: .none, path: "", "\(name) can't be read")])
        }
        return CaseFile.read(text, name: name, folder: folder.appending(path: name).deletingLastPathComponent().path)
    }

    static func read(_ text: String, name: String, folder: String) -> Loaded<Case> {
        var (tree, diagnostics) = ConfigNode.read(yaml: text, file: name)
        if case .map(var entries) = tree.content {
            // References are the configuration's.
            for i in entries.indices where entries[i].key == "config" {
                let value = entries[i].value.resolvingReferences(folder: folder, with: .system, diagnostics: &diagnostics)
                // Files that it names are beside the case.
                entries[i].value = value.moved(to: SourceFile("\(folder)/\(name.split(separator: "/").last ?? "")"))
            }
            tree.content = .map(entries)
        }
        let loaded = Case.load(tree) { $0.lint() }
        return Loaded(value: loaded.value, diagnostics: (diagnostics + loaded.diagnostics).sortedByPosition)
    }
}

extension ConfigNode {
    /// The same, as if it had been read from another file.
    fileprivate func moved(to file: SourceFile) -> ConfigNode {
        var node = self
        node.position = SourcePosition(file: file, line: position.line, column: position.column)
        switch content {
        case .null, .scalar: break
        case .list(let nodes): node.content = .list(nodes.map { $0.moved(to: file) })
        case .map(let entries):
            node.content = .map(
                entries.map {
                    let place = SourcePosition(file: file, line: $0.position.line, column: $0.position.column)
                    return Entry(key: $0.key, position: place, value: $0.value.moved(to: file))
                })
        }
        return node
    }
}

extension Case {
    fileprivate func lint() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        func error(_ position: SourcePosition, _ message: String) {
            diagnostics.append(Diagnostic(.error, at: position, path: "", message))
        }
        if $steps.isGiven == $refused.isGiven { error($shows.position, "a case has `steps` or `refused`, one of them") }
        if $refused.isGiven, refused.isEmpty || refused.contains(where: { $0.message.isEmpty }) {
            error($refused.position, "a refused configuration has at least one message")
        }
        if $steps.isGiven, !steps.contains(where: { $0.expect?.isEmpty == false }) { error($steps.position, "nothing is expected") }
        for step in steps {
            let kinds = [step.send != nil, step.advance != nil, step.reload != nil].count { $0 }
            if kinds != 1 { error(step.origin.position, "a step has exactly one of `send`, `advance` and `reload`") }
            if step.send == nil, step.expect != nil || step.$answer.isGiven || step.$callouts.isGiven || step.$times.isGiven {
                error(step.origin.position, "`answer`, `callouts`, `times` and `expect` belong to `send`")
            }
            if let expect = step.expect, expect.isEmpty { error(expect.origin.position, "nothing is expected here") }
            if ([step.answer] + step.callouts).contains(where: { $0.body != nil && $0.chunks != nil }) {
                error(step.origin.position, "an answer has a `body` or `chunks`, not both")
            }
        }
        return diagnostics
    }

    /// Where the case runs.
    var kinds: [RigKind] {
        // What must not load is the same everywhere.
        if !refused.isEmpty { return [.memory] }
        if !rigs.isEmpty { return rigs }
        let passing = steps.reduce(Duration.zero) { $0 + ($1.advance ?? .zero) }
        return passing > .seconds(1) ? [.memory] : RigKind.allCases
    }

    /// The case says who the client is.
    var namesClients: Bool { steps.contains { $0.send?.fields.from != nil } }
    /// The case looks at the access log.
    var looksAtLog: Bool { steps.contains { $0.expect?.log != nil } }
}
