/// What was read: the value unless there are errors, and everything there is to say about it.
public struct Loaded<Value: Sendable>: Sendable {
    /// Nil exactly when `diagnostics` has errors.
    public var value: Value?
    public var diagnostics: [Diagnostic]

    public init(value: Value?, diagnostics: [Diagnostic]) {
        self.value = diagnostics.hasErrors ? nil : value
        self.diagnostics = diagnostics
    }
}

extension Settings {
    /// Decodes `tree` and, if nothing of it got lost, runs `lint` on the value; all findings in the order of the file.
    public static func load(
        _ tree: ConfigNode, catalogue: any SettingsCatalogue = EmptyCatalogue(), lint: (Self) -> [Diagnostic] = { _ in [] }
    ) -> Loaded<Self> {
        let context = DecodingContext(catalogue: catalogue)
        let root = tree.isNull ? ConfigNode(.map([]), at: tree.position) : tree
        let value = Self.decode(root, in: context)
        var diagnostics = context.diagnostics
        // Where values are missing, lint would report the consequences of errors that are reported already.
        if let value, !context.lostValues { diagnostics += lint(value) }
        return Loaded(value: value, diagnostics: diagnostics.sortedByPosition)
    }
}
