// The one file that knows Yams: all of YAML, for what `PlainYAML` does not read.
import Yams

extension ConfigNode {
    static func fullYAML(_ text: String, file: SourceFile) -> (tree: ConfigNode, diagnostics: [Diagnostic]) {
        let start = SourcePosition(file: file, line: 1, column: 1)
        do {
            guard let root = try Parser(yaml: text).singleRoot() else { return (ConfigNode(.null, at: start), []) }
            var converter = YamsConverter(file: file, text: text)
            let tree = converter.node(root)
            return (tree, converter.diagnostics)
        } catch {
            let diagnostic = (error as? YamlError).map { Diagnostic($0, file: file) } ?? Diagnostic(.error, at: start, path: "", "\(error)")
            return (ConfigNode(.null, at: start), [diagnostic])
        }
    }
}

/// Turns Yams' nodes into ours.
private struct YamsConverter {
    let file: SourceFile
    let text: String
    var diagnostics: [Diagnostic] = []
    /// The lines of the text; split when the first block scalar asks.
    private lazy var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    /// Aliases may multiply a small file without end ("billion laughs"). Without them a file has fewer values than bytes.
    private var budget: Int

    init(file: SourceFile, text: String) {
        self.file = file
        self.text = text
        budget = text.utf8.count + 100_000
    }

    mutating func node(_ node: Node) -> ConfigNode {
        let position = position(node)
        budget -= 1
        guard budget > 0 else {
            if budget == 0 { report(position, "the file is too large: its aliases stand for too many values", remedy: "use fewer aliases") }
            return ConfigNode(.null, at: position)
        }
        switch node {
        case .scalar(let scalar):
            let style = style(scalar, at: position)
            return ConfigNode(style == .plain && PlainYAML.isNull(scalar.string) ? .null : .scalar(scalar.string), at: position, style: style)
        case .sequence(let sequence):
            return ConfigNode(.list(sequence.map { self.node($0) }), at: position)
        case .mapping(let mapping):
            return ConfigNode(.map(entries(mapping)), at: position)
        case .alias:
            // The parser puts the node itself in place of its aliases.
            return ConfigNode(.null, at: position)
        }
    }

    private mutating func style(_ scalar: Node.Scalar, at position: SourcePosition) -> ScalarStyle {
        switch scalar.style {
        case .plain, .any: .plain
        case .singleQuoted: .singleQuoted
        case .doubleQuoted: .doubleQuoted
        case .folded: .folded
        case .literal: .literal(column: indentation(below: position.line))
        }
    }

    /// The column where the text of a block scalar begins whose indicator stands on `line`.
    private mutating func indentation(below line: Int) -> UInt16 {
        let first = lines.dropFirst(line).first { !$0.allSatisfy(\.isWhitespace) }
        return UInt16(clamping: (first?.prefix { $0 == " " }.count ?? 0) + 1)
    }

    private mutating func entries(_ mapping: Node.Mapping) -> [ConfigNode.Entry] {
        var entries: [ConfigNode.Entry] = []
        var merged: [ConfigNode.Entry] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                report(position(key), "keys must be text", remedy: nil)
                continue
            }
            let value = node(value)
            if scalar.string == "<<", scalar.style == .plain {
                merged += mergeable(value)
            } else {
                entries.append(ConfigNode.Entry(key: scalar.string, position: position(key), value: value))
            }
        }
        // What the map says itself wins over what it merges (https://yaml.org/type/merge.html).
        for entry in merged where !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
        return entries
    }

    private mutating func mergeable(_ value: ConfigNode) -> [ConfigNode.Entry] {
        switch value.content {
        case .map(let entries): return entries
        case .list(let values): return values.flatMap { mergeable($0) }
        case .null, .scalar:
            report(value.position, "`<<` merges a map", remedy: nil)
            return []
        }
    }

    private func position(_ node: Node) -> SourcePosition {
        SourcePosition(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    private mutating func report(_ position: SourcePosition, _ message: String, remedy: String?) {
        diagnostics.append(Diagnostic(.error, at: position, path: "", message, remedy: remedy))
    }
}

extension Diagnostic {
    fileprivate init(_ error: YamlError, file: SourceFile) {
        func notYAML(_ problem: String, _ line: Int, _ column: Int, _ context: YamlError.Context? = nil) -> Diagnostic {
            let context = context.map { ", \($0.text) that starts at \($0.mark.line):\($0.mark.column)" } ?? ""
            let position = SourcePosition(file: file, line: line, column: column)
            return Diagnostic(.error, at: position, path: "", "not valid YAML: \(problem)\(context)")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self = notYAML(problem, mark.line, mark.column, context)
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0)
            let line = before.count { $0.isNewline } + 1
            let column =
                before.count - (before.lastIndex(where: \.isNewline).map { before.distance(from: before.startIndex, to: $0) + 1 } ?? 0) + 1
            self = notYAML(problem, line, column)
        case .duplicatedKeysInMapping(let keys, let context):
            self = .duplicateKey(
                keys.first ?? "", at: SourcePosition(file: file, line: context.mark.line, column: context.mark.column))
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            self = notYAML("\(error)", 1, 1)
        }
    }
}
