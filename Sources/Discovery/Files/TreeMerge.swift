import Schema

/// Joins the trees of several files: lists are concatenated, maps are merged, and two values for one setting are an error.
struct TreeMerge {
    private(set) var tree: ConfigNode
    private(set) var diagnostics: [Diagnostic] = []

    init(_ first: ConfigNode) { tree = first }

    mutating func add(_ other: ConfigNode) { tree = merge(tree, other, path: "") }

    private mutating func merge(_ first: ConfigNode, _ second: ConfigNode, path: String) -> ConfigNode {
        switch (first.content, second.content) {
        case (_, .null): return first
        case (.null, _): return second
        case (.list(let a), .list(let b)):
            var merged = first
            merged.content = .list(a + b)
            return merged
        case (.map(let a), .map(let b)):
            var merged = first
            merged.content = .map(merge(a, b, path: path))
            return merged
        default:
            diagnostics.append(
                Diagnostic(
                    .error, at: second.position, path: path,
                    path.isEmpty ? "can't be joined with \(first.position)" : "`\(path)` is set already at \(first.position)",
                    remedy: path.isEmpty ? "a configuration file holds groups of settings" : "keep one of them"))
            return first
        }
    }

    private mutating func merge(_ first: [ConfigNode.Entry], _ second: [ConfigNode.Entry], path: String) -> [ConfigNode.Entry] {
        var entries = first
        for entry in second {
            if let i = entries.firstIndex(where: { $0.key == entry.key }) {
                entries[i].value = merge(entries[i].value, entry.value, path: path.isEmpty ? entry.key : "\(path).\(entry.key)")
            } else {
                entries.append(entry)
            }
        }
        return entries
    }
}
