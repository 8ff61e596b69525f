extension ConfigNode {
    /// Reads one YAML document. Text that is not YAML gives diagnostics and, as far as it can be read, a tree.
    ///
    /// - Parameter file: name for the diagnostics.
    public static func read(yaml text: String, file: String) -> (tree: ConfigNode, diagnostics: [Diagnostic]) {
        let file = SourceFile(file)
        var plain = PlainYAML(text, file: file)
        if let tree = plain.document() { return (tree, plain.diagnostics) }
        return fullYAML(text, file: file)
    }
}

extension Diagnostic {
    static func duplicateKey(_ key: String, at position: SourcePosition) -> Diagnostic {
        Diagnostic(.error, at: position, path: "", "duplicate key `\(key)`", remedy: "keep one of them")
    }
}
