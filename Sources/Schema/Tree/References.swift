import Glibc

/// Finds what `${env:NAME}`, `${file:path}`, `${secret:name}` and `${secret:source/path#field}` stand for.
public struct ReferenceResolver: Sendable {
    public var environment: @Sendable (String) -> String?
    /// The text of a file, nil if it can't be read as UTF-8.
    public var contents: @Sendable (_ path: String) -> String?
    public var secretsFolder: String
    /// What the sources of secrets have said.
    public var sources: @Sendable (SecretReference) -> SecretAnswer = { reference in
        .failure(message: "there is no source of secrets called `\(reference.source)`", remedy: "declare it under `secrets`")
    }

    /// From this process's environment and the file system; secrets are files in `$SLUICE_SECRETS_DIR`, or /run/secrets.
    public static let system = ReferenceResolver(
        environment: { name in getenv(name).map { String(cString: $0) } },
        contents: { TextFile.read($0) },
        secretsFolder: getenv("SLUICE_SECRETS_DIR").map { String(cString: $0) } ?? "/run/secrets")

    public init(
        environment: @escaping @Sendable (String) -> String?, contents: @escaping @Sendable (String) -> String?, secretsFolder: String
    ) {
        self.environment = environment
        self.contents = contents
        self.secretsFolder = secretsFolder
    }

    /// The value of one reference, such as `env:NAME`.
    func value(of reference: Substring, folder: String) -> SecretAnswer {
        guard let colon = reference.firstIndex(of: ":") else {
            return .failure(
                message: "`${\(reference)}` is no reference", remedy: "use env:, file: or secret:, or write `$${` for the characters themselves")
        }
        let name = String(reference[reference.index(after: colon)...])
        switch reference[..<colon] {
        case "env":
            guard let value = environment(name) else {
                return .failure(message: "environment variable `\(name)` is not set", remedy: "set it, or leave the setting out")
            }
            return .value(value)
        case "file": return file(name.hasPrefix("/") ? name : "\(folder)/\(name)")
        case "secret": return secret(name)
        case let kind:
            return .failure(
                message: "`${\(kind):…}` is not known", remedy: "use env:, file: or secret:, or write `$${` for the characters themselves")
        }
    }

    private func secret(_ name: String) -> SecretAnswer {
        if let reference = SecretReference(parsing: name) { return sources(reference) }
        guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
            return .failure(
                message: "`\(name)` is no name of a secret", remedy: "use the name of a file in \(secretsFolder), or `source/path#field`")
        }
        return file("\(secretsFolder)/\(name)")
    }

    private func file(_ path: String) -> SecretAnswer {
        guard var text = contents(path) else {
            return .failure(message: "file \(path) can't be read as text", remedy: "check that it exists and that the gateway may read it")
        }
        // One line end at the end is the editor's, not the value's.
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return .value(text)
    }
}

extension ConfigNode {
    /// The tree with every reference in a string replaced by what it stands for; those values are marked as secret.
    ///
    /// - Parameters:
    ///   - folder: what `${file:…}` is relative to.
    ///   - diagnostics: receives the references that have no value.
    public func resolvingReferences(
        folder: String, with resolver: ReferenceResolver, diagnostics: inout [Diagnostic]
    ) -> ConfigNode {
        resolved(folder, resolver, path: "", &diagnostics)
    }

    private func resolved(_ folder: String, _ resolver: ReferenceResolver, path: String, _ diagnostics: inout [Diagnostic]) -> ConfigNode {
        var node = self
        switch content {
        case .null: break
        case .scalar(let text):
            guard ReferenceText.mayHold(text) else { break }
            node.expand(text, folder, resolver, path: path, &diagnostics)
        case .list(let nodes):
            node.content = .list(
                nodes.enumerated().map { $1.resolved(folder, resolver, path: "\(path)[\($0)]", &diagnostics) })
        case .map(let entries):
            node.content = .map(
                entries.map { entry in
                    var entry = entry
                    let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                    entry.value = entry.value.resolved(folder, resolver, path: path, &diagnostics)
                    return entry
                })
        }
        return node
    }

    private mutating func expand(
        _ text: String, _ folder: String, _ resolver: ReferenceResolver, path: String, _ diagnostics: inout [Diagnostic]
    ) {
        var result = ""
        for piece in ReferenceText.pieces(of: text) {
            switch piece {
            case .text(let text): result += text
            case .unterminated:
                isBroken = true
                diagnostics.append(
                    Diagnostic(.error, at: position, path: path, "`${` without `}`", remedy: "write `$${` for the characters themselves"))
                return
            case .reference(let reference):
                isSecret = true
                take(resolver.value(of: reference, folder: folder), reference, path: path, &result, &diagnostics)
            }
        }
        content = .scalar(result)
    }

    private mutating func take(
        _ answer: SecretAnswer, _ reference: Substring, path: String, _ result: inout String, _ diagnostics: inout [Diagnostic]
    ) {
        switch answer {
        case .value(let value): result += value
        case .kept(let value, let why):
            result += value
            diagnostics.append(Diagnostic(.warning, at: position, path: path, "`${\(reference)}` keeps its last value: \(why)"))
        case .failure(let message, let remedy):
            isBroken = true
            diagnostics.append(Diagnostic(.error, at: position, path: path, message, remedy: remedy))
        case .silent:
            isBroken = true
            result += "***"
        }
    }
}
