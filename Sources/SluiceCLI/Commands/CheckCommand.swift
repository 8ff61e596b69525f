import ArgumentParser
import DataPlane
import Discovery
import Model
import Policies
import Schema

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reports every error and warning of a configuration, with file, line and column.",
        discussion: "Exit code 0: no errors. 1: errors.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup var source: ConfigurationOption
    @Option(help: "text or json.") var format = Format.text

    @Flag(help: "Sources of secrets are not asked, so what is made of their values is not checked.") var noSecrets = false

    func run() throws {
        guard let path = source.path else {
            throw Failure("There is no configuration to check: name one with --config FILE, or write ./sluice.yaml.")
        }
        let loaded = FileSource(path: path, policies: builtInPolicies).load(asking: noSecrets ? .never : .always)
        var diagnostics = loaded.diagnostics
        if let configuration = loaded.configuration {
            let compiled = Snapshot.compile(
                configuration, policies: builtInPolicies, version: loaded.version, loops: 1,
                store: UnopenedIdentityStore.standing(for: configuration), before: nil)
            diagnostics += compiled.diagnostics.map { loaded.unasked > 0 ? $0.doubted : $0 }
        }
        diagnostics = diagnostics.sortedByPosition
        switch format {
        case .json: Console.output(diagnostics.json.text())
        case .text:
            Console.error(diagnostics.text)
            let errors = diagnostics.count { $0.severity == .error }
            let warnings = diagnostics.count - errors
            if loaded.unasked > 0 { Console.error("\(loaded.unasked) secret\(loaded.unasked == 1 ? " was" : "s were") not asked for.") }
            if errors == 0 { Console.error("\(path): no errors\(warnings > 0 ? ", \(warnings) warning\(warnings == 1 ? "" : "s")" : "").") }
        }
        if diagnostics.hasErrors { Exit.now(1) }
    }
}

extension Diagnostic {
    /// What is wrong with a value may be that nobody knows it.
    fileprivate var doubted: Diagnostic {
        guard severity == .error else { return self }
        return Diagnostic(.warning, at: position, path: path, "\(message) (perhaps only because secrets were not asked for)", remedy: remedy)
    }
}
