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

    func run() throws {
        guard let path = source.path else {
            throw Failure("There is no configuration to check: name one with --config FILE, or write ./sluice.yaml.")
        }
        let loaded = FileSource(path: path, policies: builtInPolicies).load()
        var diagnostics = loaded.diagnostics
        if let configuration = loaded.configuration {
            diagnostics +=
                Snapshot.compile(
                    configuration, policies: builtInPolicies, version: loaded.version, loops: 1,
                    store: UnopenedIdentityStore.standing(for: configuration), before: nil
                ).diagnostics
        }
        diagnostics = diagnostics.sortedByPosition
        switch format {
        case .json: Console.output(diagnostics.json.text())
        case .text:
            Console.error(diagnostics.text)
            let errors = diagnostics.count { $0.severity == .error }
            let warnings = diagnostics.count - errors
            if errors == 0 { Console.error("\(path): no errors\(warnings > 0 ? ", \(warnings) warning\(warnings == 1 ? "" : "s")" : "").") }
        }
        if diagnostics.hasErrors { Exit.now(1) }
    }
}
