/// What decoding found out besides values: it never stops at an error.
public final class DecodingContext {
    public internal(set) var diagnostics: [Diagnostic] = []
    /// A value is missing in what was decoded, so that further checks would report what is not there.
    public private(set) var lostValues = false

    private enum Step {
        case key(String)
        case index(Int)
    }
    private var steps: [Step] = []
    var spareFrames: [GroupFrame] = []

    /// Where groups that others bring are found.
    public let catalogue: any SettingsCatalogue

    public init(catalogue: any SettingsCatalogue = EmptyCatalogue()) { self.catalogue = catalogue }

    /// Where decoding is: `apis[0].routes[2].match`.
    public var path: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }

    @inlinable
    public func within<R>(_ key: String, _ body: () -> R) -> R {
        enter(key)
        defer { leave() }
        return body()
    }

    @inlinable
    public func within<R>(_ index: Int, _ body: () -> R) -> R {
        enter(index)
        defer { leave() }
        return body()
    }

    /// Reports that what stands at `node` has no value.
    public func error(_ node: ConfigNode, _ message: String, remedy: String? = nil) {
        lostValues = true
        // The reason was reported when the value could not be found.
        if node.isBroken { return }
        diagnostics.append(Diagnostic(.error, at: node.position, path: path, message, remedy: remedy))
    }

    /// Reports "expected … such as …, found …".
    public func mismatch(_ node: ConfigNode, expected: String, remedy: String? = nil) {
        error(node, "expected \(expected), found \(node.shown)", remedy: remedy)
    }

    public func warning(_ position: SourcePosition, _ message: String, remedy: String? = nil) {
        diagnostics.append(Diagnostic(.warning, at: position, path: path, message, remedy: remedy))
    }

    /// Reports a key that should not be there; nothing that should be is lost.
    package func keyError(_ entry: ConfigNode.Entry, _ message: String, remedy: String? = nil) {
        within(entry.key) {
            diagnostics.append(Diagnostic(.error, at: entry.position, path: path, message, remedy: remedy))
        }
    }

    @usableFromInline func enter(_ key: String) { steps.append(.key(key)) }
    @usableFromInline func enter(_ index: Int) { steps.append(.index(index)) }
    @usableFromInline func leave() { steps.removeLast() }
}

extension DecodingContext {
    /// What is said of a name that the format has and this version has not.
    static func reservedMessage(_ name: String) -> String {
        "`\(name)` is part of the configuration format, but this version does not have it yet"
    }
}
