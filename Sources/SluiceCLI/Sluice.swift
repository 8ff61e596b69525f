package import ArgumentParser

/// The command line. Exit codes: 0 fine, 1 what was asked failed, 2 wrong use.
package struct Sluice: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "An API gateway: the single entry point in front of your services.",
        discussion: "Without --config: $SLUICE_CONFIG, then ./sluice.yaml, then a built-in demo API.",
        version: Version.text,
        subcommands: [
            RunCommand.self, CheckCommand.self, StatusCommand.self, LimitsCommand.self, CertificatesCommand.self, RouteCommand.self, PoliciesCommand.self,
            SchemaCommand.self, HashPasswordCommand.self, KeysCommand.self, VersionCommand.self, CompletionCommand.self,
        ])

    package init() {}

    /// Runs the command that the arguments name, and ends the process.
    package static func run() -> Never {
        do {
            var command = try parseAsRoot()
            try command.run()
            Exit.now(0)
        } catch let failure as Failure {
            Console.error(failure.message)
            Exit.now(1)
        } catch {
            // Help and version count as success; anything else that the parser refuses is wrong use.
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                Console.output(text)
                Exit.now(0)
            }
            Console.error(text)
            Exit.now(2)
        }
    }
}

/// What was asked could not be done; the message says why and what to do.
struct Failure: Error {
    let message: String
    init(_ message: String) { self.message = message }
}
