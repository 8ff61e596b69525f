package import Model
package import Schema

/// A configuration in a file, or in the files of a folder.
package struct FileSource: Sendable {
    /// What was read: the configuration unless there are errors.
    package struct Snapshot: Sendable {
        /// Nil exactly when `diagnostics` has errors.
        package var configuration: Configuration?
        package var diagnostics: [Diagnostic]
        /// A number of the content, 16 hexadecimal digits: equal for equal files, whatever their names' folder.
        /// Values from the environment, other files and secrets count too.
        package var version: String
        /// The files that were read.
        package var files: [String]
        /// Further files that the configuration names and that may change on their own.
        package var named: [String] = []
        /// The values of sources of secrets that it refers to.
        package var secrets: Set<SecretReference> = []
        /// How many of these nobody has asked for.
        package var unasked = 0

        /// Of a configuration that is in no file.
        package static func builtIn(_ configuration: Configuration, version: String) -> Snapshot {
            Snapshot(configuration: configuration, diagnostics: [], version: version, files: [])
        }
    }

    package let path: String
    package let references: ReferenceResolver
    /// The policies that a configuration may use.
    package let policies: any SettingsCatalogue
    /// What is known of the secrets that configurations refer to.
    package let secrets: SecretStore

    package init(
        path: String, policies: any SettingsCatalogue = EmptyCatalogue(), references: ReferenceResolver = .system,
        secrets: SecretStore = SecretStore()
    ) {
        self.path = path
        self.policies = policies
        self.references = references
        self.secrets = secrets
    }

    /// Reads, merges, resolves references, decodes and lints. Never throws: what is wrong is in the diagnostics.
    ///
    /// - Parameter asking: whether the sources of secrets are asked; that waits for them.
    package func load(asking: SecretStore.Asking = .always) -> Snapshot {
        switch SourceFiles.list(path) {
        case .success(let files): return load(files, asking)
        case .failure(let flaw):
            let place = SourcePosition(file: SourceFile(path), line: 1, column: 1)
            let diagnostic = Diagnostic(.error, at: place, path: "", flaw.message, remedy: flaw.remedy)
            return Snapshot(configuration: nil, diagnostics: [diagnostic], version: ContentHash().text, files: [])
        }
    }

    private func load(_ files: [String], _ asking: SecretStore.Asking) -> Snapshot {
        var diagnostics: [Diagnostic] = []
        var hash = ContentHash()
        let trees = files.map { read($0, &hash, &diagnostics) }
        // Files that can't be read whole are not worth asking anybody.
        let resolution = SecretResolution(trees, references, secrets, diagnostics.hasErrors ? .never : asking, &diagnostics)
        var merge: TreeMerge?
        for (file, tree) in zip(files, trees) {
            let resolved = tree.resolvingReferences(
                folder: SourceFiles.folder(of: file), with: resolution.resolver, diagnostics: &diagnostics)
            hash.addSecrets(of: resolved)
            if merge == nil { merge = TreeMerge(resolved) } else { merge?.add(resolved) }
        }
        diagnostics += merge?.diagnostics ?? []
        let start = SourcePosition(file: SourceFile(files.first ?? path), line: 1, column: 1)
        if !diagnostics.hasErrors, merge?.tree.isNull ?? true {
            // A file that is being written is empty for a moment: taking that for a configuration would stop everything.
            diagnostics.append(
                Diagnostic(
                    .error, at: start, path: "", "the configuration is empty", remedy: "begin with `listeners:`; `sluice schema` describes the rest"))
        }
        let isWhole = !diagnostics.hasErrors
        // What could not be read would only be reported again as missing.
        let loaded = Configuration.load(
            merge?.tree ?? ConfigNode(.null, at: start), catalogue: policies, lint: isWhole ? { $0.lint() } : { _ in [] })
        let named = loaded.value?.tlsFiles ?? (content: [], keys: [], ticketKeys: [])
        for file in named.content where !named.keys.contains(file) { hash.add(TextFile.bytes(file) ?? []) }
        for file in named.ticketKeys { hash.add(secret: file) }
        let all = (diagnostics + loaded.diagnostics).sortedByPosition
        return Snapshot(
            configuration: all.hasErrors ? nil : loaded.value, diagnostics: all, version: hash.text, files: files,
            named: named.content + named.keys + named.ticketKeys + resolution.files, secrets: resolution.references,
            unasked: asking == .never ? resolution.references.count : 0)
    }

    private func read(_ file: String, _ hash: inout ContentHash, _ diagnostics: inout [Diagnostic]) -> ConfigNode {
        let start = SourcePosition(file: SourceFile(file), line: 1, column: 1)
        guard let text = TextFile.read(file) else {
            diagnostics.append(
                Diagnostic(.error, at: start, path: "", "can't be read as text", remedy: "check its permissions, and that it is UTF-8"))
            return ConfigNode(.null, at: start)
        }
        hash.add(text)
        let (tree, findings) = ConfigNode.read(yaml: text, file: file)
        diagnostics += findings
        return tree
    }
}
