import ArgumentParser
import Policies
import PolicyKit
import Schema

struct PoliciesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "Lists the policies, or explains one with its settings.",
        discussion: "sluice policies headers")

    @Argument(help: "A policy.", completion: .list(builtInPolicies.names)) var name: String?
    @Flag(help: "Print the JSON Schema of the policy's settings.") var schema = false
    @Flag(help: "Print a page of Markdown instead.") var markdown = false

    func validate() throws {
        if schema, markdown { throw ValidationError("--schema and --markdown exclude each other.") }
        if schema, name == nil { throw ValidationError("--schema takes the name of a policy; `sluice schema` prints that of the whole file.") }
    }

    func run() throws {
        guard let name else {
            return Console.output(markdown ? builtInPolicies.markdown : PolicyPage(Console.style).list(builtInPolicies))
        }
        guard let policy = builtInPolicies.description(of: name) else {
            throw Failure("\(builtInPolicies.unknown(name)) `sluice policies` lists them.")
        }
        if schema { return Console.output(policy.jsonSchema.text(pretty: true)) }
        Console.output(markdown ? policy.markdown : PolicyPage(Console.style).text(policy))
    }
}
