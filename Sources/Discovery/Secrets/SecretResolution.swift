import Model
import Schema
import Synchronization

/// The references of a configuration's files: what the sources that it declares say of them.
struct SecretResolution {
    /// Resolves the references of the files.
    let resolver: ReferenceResolver
    /// To values of sources that are asked over the network.
    let references: Set<SecretReference>
    private let reads: FilesRead

    /// Files that references have been resolved from, so far.
    var files: [String] { reads.all }

    /// - Parameters:
    ///   - trees: the files, as they were read.
    ///   - diagnostics: receives the sources that can't be asked because of their settings.
    init(_ trees: [ConfigNode], _ base: ReferenceResolver, _ store: SecretStore, _ asking: SecretStore.Asking, _ diagnostics: inout [Diagnostic]) {
        let reads = FilesRead()
        var resolver = base
        resolver.contents = { path in
            reads.note(path)
            return base.contents(path)
        }
        let entries = trees.flatMap(SecretResolution.entries)
        let declared = entries.filter { $0.key == "secrets" }
        let sources = SecretResolution.sources(declared.map(\.value), resolver)
        let names = SecretResolution.names(declared.map(\.value))
        let folders = Dictionary(
            sources.compactMap { source in source.files.map { (source.name, $0.folder.path) } }, uniquingKeysWith: { first, _ in first })
        let wanted = entries.filter { $0.key != "secrets" }.reduce(into: Set<SecretReference>()) { $0.formUnion($1.value.secretReferences) }
        references = wanted.filter { folders[$0.source] == nil }
        // What is wrong with the others is found by lint.
        let asked = Set(sources.filter(\.isComplete).map(\.name)).subtracting(folders.keys)
        let answers = store.answers(
            references.filter { asked.contains($0.source) }, of: sources.filter { asked.contains($0.name) }, asking: asking)
        for source in sources {
            guard let flaw = answers.flaws[source.name] else { continue }
            diagnostics.append(
                Diagnostic(.error, at: source.origin.position, path: "secrets", "`\(source.name)`: \(flaw.message)", remedy: flaw.remedy))
        }
        let unknown = base.sources, contents = resolver.contents
        resolver.sources = { reference in
            if let folder = folders[reference.source] { return SecretResolution.read(reference, below: folder, contents) }
            if let answer = answers.values[reference] { return answer }
            // What is wrong with a source is reported where it is declared.
            if names.contains(reference.source) {
                return wanted.contains(reference)
                    ? .silent
                    : .failure(message: "a source of secrets can't have its settings from a source", remedy: "use `${env:NAME}` or `${file:path}`")
            }
            return unknown(reference)
        }
        self.resolver = resolver
        self.reads = reads
    }

    private static func entries(of tree: ConfigNode) -> [ConfigNode.Entry] {
        guard case .map(let entries) = tree.content else { return [] }
        return entries
    }

    /// The sources that are declared rightly; decoding the whole reports what is wrong with the others.
    private static func sources(_ lists: [ConfigNode], _ resolver: ReferenceResolver) -> [SecretSource] {
        let context = DecodingContext()
        var ignored: [Diagnostic] = []
        return lists.flatMap { list -> [SecretSource] in
            guard case .list(let nodes) = list.content else { return [] }
            return nodes.compactMap { node in
                let folder = SourceFiles.folder(of: node.position.file)
                return SecretSource.decode(node.resolvingReferences(folder: folder, with: resolver, diagnostics: &ignored), in: context)
            }
        }
    }

    private static func names(_ lists: [ConfigNode]) -> Set<String> {
        var names: Set<String> = []
        for case .list(let nodes) in lists.map(\.content) {
            for case .map(let entries) in nodes.map(\.content) {
                for entry in entries where entry.key == "name" { entry.value.text.map { _ = names.insert($0) } }
            }
        }
        return names
    }

    private static func read(_ reference: SecretReference, below folder: String, _ contents: (String) -> String?) -> SecretAnswer {
        let parts = (reference.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)) + (reference.field.map { [$0] } ?? [])
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") }) else {
            return .failure(message: "`\(reference)` names no file below \(folder)", remedy: "write `path#field`, without `..`")
        }
        let file = "\(folder)/\(parts.joined(separator: "/"))"
        guard var text = contents(file) else {
            return .failure(message: "file \(file) can't be read as text", remedy: "check that it exists and that the gateway may read it")
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return .value(text)
    }
}

/// Which files were read.
private final class FilesRead: Sendable {
    private let paths = Mutex<Set<String>>([])
    func note(_ path: String) { paths.withLock { _ = $0.insert(path) } }
    var all: [String] { paths.withLock { $0.sorted() } }
}
