import Glibc
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
    }

    package let path: String
    package let references: ReferenceResolver
    /// The policies that a configuration may use.
    package let policies: any SettingsCatalogue

    package init(path: String, policies: any SettingsCatalogue = EmptyCatalogue(), references: ReferenceResolver = .system) {
        self.path = path
        self.policies = policies
        self.references = references
    }

    /// Reads, merges, resolves references, decodes and lints. Never throws: what is wrong is in the diagnostics.
    package func load() -> Snapshot {
        switch SourceFiles.list(path) {
        case .success(let files): return load(files)
        case .failure(let flaw):
            let place = SourcePosition(file: SourceFile(path), line: 1, column: 1)
            let diagnostic = Diagnostic(.error, at: place, path: "", flaw.message, remedy: flaw.remedy)
            return Snapshot(configuration: nil, diagnostics: [diagnostic], version: ContentHash().text, files: [])
        }
    }

    private func load(_ files: [String]) -> Snapshot {
        var diagnostics: [Diagnostic] = []
        var hash = ContentHash()
        var merge: TreeMerge?
        for file in files {
            let tree = read(file, &hash, &diagnostics)
            if merge == nil { merge = TreeMerge(tree) } else { merge?.add(tree) }
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
            named: named.content + named.keys + named.ticketKeys)
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
        guard text.utf8.contains(UInt8(ascii: "$")) else { return tree }
        let resolved = tree.resolvingReferences(folder: SourceFiles.folder(of: file), with: references, diagnostics: &diagnostics)
        hash.addSecrets(of: resolved)
        return resolved
    }
}

/// FNV-1a over what a configuration is made of: tells versions apart, and is no protection against forgery.
struct ContentHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) { add(text.utf8) }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // Files that share their border differ.
        state = (state ^ 0xff) &* 0x100_0000_01b3
    }

    /// Adds a file whose bytes must not stay in memory.
    mutating func add(secret file: String) {
        guard var bytes = TextFile.bytes(file) else { return add([]) }
        add(bytes)
        bytes.withUnsafeMutableBytes { memory in
            if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
        }
    }

    mutating func addSecrets(of node: ConfigNode) {
        switch node.content {
        case .null: break
        case .scalar(let text): if node.isSecret { add(text) }
        case .list(let nodes): for node in nodes { addSecrets(of: node) }
        case .map(let entries): for entry in entries { addSecrets(of: entry.value) }
        }
    }

    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
