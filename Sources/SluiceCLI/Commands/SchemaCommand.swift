import ArgumentParser
import Model
import Policies
import Schema

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of the configuration file, for editors.",
        discussion: "Put `# yaml-language-server: $schema=sluice.schema.json` into the first line of a file.")

    @Flag(help: "Print the reference as Markdown tables instead.") var markdown = false

    func run() throws {
        Console.output(markdown ? Configuration.markdown : Configuration.jsonSchema(builtInPolicies).text(pretty: true))
    }
}
