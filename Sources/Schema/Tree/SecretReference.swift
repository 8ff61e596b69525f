/// A value that a source of secrets holds: `source/path#field`, as in `${secret:vault/web/database#password}`.
public struct SecretReference: Hashable, Sendable, CustomStringConvertible {
    public let source: String
    /// What the source calls the secret; may hold slashes.
    public let path: String
    /// One of its values. Nil: the secret as a whole, or its only value.
    public let field: String?

    /// Nil for names without a slash, which are files, and for anything else that is not of the form.
    public init?(parsing text: String) {
        guard let slash = text.firstIndex(of: "/"), slash != text.startIndex else { return nil }
        let rest = text[text.index(after: slash)...]
        let hash = rest.lastIndex(of: "#") ?? rest.endIndex
        let path = rest[..<hash], field = rest[hash...].dropFirst()
        guard !path.isEmpty, hash == rest.endIndex || !field.isEmpty else { return nil }
        source = String(text[..<slash])
        self.path = String(path)
        self.field = hash == rest.endIndex ? nil : String(field)
    }

    public var description: String { "\(source)/\(path)" + (field.map { "#\($0)" } ?? "") }
}

/// What is known of a reference to a source of secrets.
public enum SecretAnswer: Sendable {
    case value(String)
    /// The source can't be asked now: the value that it gave before, and why there is no newer one.
    case kept(String, why: String)
    /// There is no value.
    case failure(message: String, remedy: String)
    /// There is no value, and that has been reported, or nobody wants to know.
    case silent
}

extension ConfigNode {
    /// Every reference to a source of secrets below this node.
    public var secretReferences: Set<SecretReference> {
        var found: Set<SecretReference> = []
        collect(into: &found)
        return found
    }

    private func collect(into found: inout Set<SecretReference>) {
        switch content {
        case .null: break
        case .scalar(let text):
            guard ReferenceText.mayHold(text) else { break }
            for case .reference(let reference) in ReferenceText.pieces(of: text) where reference.hasPrefix("secret:") {
                if let reference = SecretReference(parsing: String(reference.dropFirst(7))) { found.insert(reference) }
            }
        case .list(let nodes): for node in nodes { node.collect(into: &found) }
        case .map(let entries): for entry in entries { entry.value.collect(into: &found) }
        }
    }
}
