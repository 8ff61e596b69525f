import Glibc

/// Finds what `${env:NAME}`, `${file:path}` and `${secret:name}` stand for.
public struct ReferenceResolver: Sendable {
    public var environment: @Sendable (String) -> String?
    /// The text of a file, nil if it can't be read as UTF-8.
    public var contents: @Sendable (_ path: String) -> String?
    public var secretsFolder: String

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
    func value(of reference: Substring, folder: String) -> Result<String, ReferenceFlaw> {
        guard let colon = reference.firstIndex(of: ":") else {
            return .failure(
                ReferenceFlaw(
                    "`${\(reference)}` is no reference", "use env:, file: or secret:, or write `$${` for the characters themselves"))
        }
        let name = String(reference[reference.index(after: colon)...])
        switch reference[..<colon] {
        case "env":
            guard let value = environment(name) else {
                return .failure(ReferenceFlaw("environment variable `\(name)` is not set", "set it, or leave the setting out"))
            }
            return .success(value)
        case "file":
            return file(name.hasPrefix("/") ? name : "\(folder)/\(name)")
        case "secret":
            guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
                return .failure(ReferenceFlaw("`\(name)` is no name of a secret", "use the name of a file in \(secretsFolder)"))
            }
            return file("\(secretsFolder)/\(name)")
        case let kind:
            return .failure(
                ReferenceFlaw("`${\(kind):…}` is not known", "use env:, file: or secret:, or write `$${` for the characters themselves"))
        }
    }

    private func file(_ path: String) -> Result<String, ReferenceFlaw> {
        guard var text = contents(path) else {
            return .failure(ReferenceFlaw("file \(path) can't be read as text", "check that it exists and that the gateway may read it"))
        }
        // One line end at the end is the editor's, not the value's.
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return .success(text)
    }
}

/// Why a reference has no value.
struct ReferenceFlaw: Error {
    let message: String
    let remedy: String

    init(_ message: String, _ remedy: String) {
        self.message = message
        self.remedy = remedy
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
            guard text.utf8.contains(UInt8(ascii: "$")), text.contains("${") else { break }
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
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            let before = rest[..<start.lowerBound]
            if before.last == "$" {
                result += before.dropLast() + "${"
                rest = rest[start.upperBound...]
                continue
            }
            result += before
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                isBroken = true
                diagnostics.append(
                    Diagnostic(.error, at: position, path: path, "`${` without `}`", remedy: "write `$${` for the characters themselves"))
                return
            }
            isSecret = true
            switch resolver.value(of: rest[start.upperBound..<end], folder: folder) {
            case .success(let value): result += value
            case .failure(let flaw):
                isBroken = true
                diagnostics.append(Diagnostic(.error, at: position, path: path, flaw.message, remedy: flaw.remedy))
            }
            rest = rest[rest.index(after: end)...]
        }
        content = .scalar(result + rest)
    }
}
