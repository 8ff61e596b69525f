import ArgumentParser
import GatewayCore

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows a running gateway: listeners, APIs, endpoints' health, configuration and its errors.",
        discussion: "Asks the gateway's admin address, as JSON. Exit code 1: the gateway does not answer or is not ready.")

    @OptionGroup var source: ConfigurationOption
    @Option(help: "The admin address of the gateway; by default the configuration's.") var admin: String?

    func run() throws {
        let response = try AdminClient(source: source, admin: admin).ask("/api/v1/status")
        let body = String(decoding: response.body, as: UTF8.self)
        Console.output(body)
        if response.status != 200 || body.contains("\"ready\": false") { Exit.now(1) }
    }
}
