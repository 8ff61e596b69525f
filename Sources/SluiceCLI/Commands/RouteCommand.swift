import ArgumentParser
import DataPlane
import GatewayCore
import Policies
import Primitives
import Schema

struct RouteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Explains which route a request would take, and why not the others.",
        discussion: "sluice route GET https://api.example.com/orders/7 -H 'x-version: 2'")

    @OptionGroup var source: ConfigurationOption
    @Argument(help: "The method.") var method: String
    @Argument(help: "The URL, or a path.") var url: String
    @Option(name: [.customShort("H"), .customLong("header")], help: "A header, `name: value`. May be repeated.") var headers: [String] = []
    @Option(help: "The client's address.") var client = "127.0.0.1"

    func run() throws {
        let (configuration, _, version, _) = try source.load()
        let compiled = Snapshot.compile(
            configuration, policies: builtInPolicies, version: version, loops: 1, store: UnopenedIdentityStore.standing(for: configuration),
            before: nil)
        guard let snapshot = compiled.value else { throw Failure(compiled.diagnostics.sortedByPosition.text) }
        let answer: RouteProbe.Answer
        do throws(GatewayError) {
            answer = try probe().ask(snapshot)
        } catch {
            throw Failure("The gateway would answer \(error.reason.status) \(error.reason.code): \(error.detail)")
        }
        Console.output(([answer.route.map { "route \($0)" }].compactMap { $0 } + answer.summary).joined(separator: "\n"))
        if !answer.others.isEmpty { Console.output("\nnot taken:\n" + answer.others.map { "  \($0)" }.joined(separator: "\n")) }
        if answer.route == nil { Exit.now(1) }
    }

    private func probe() throws(GatewayError) -> RouteProbe {
        var probe = RouteProbe()
        probe.method = method
        probe.host = "localhost"
        probe.target = url
        if let scheme = url.firstRange(of: "://") {
            let rest = url[scheme.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            probe.host = String(rest[..<end])
            probe.target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        } else if !url.hasPrefix("/") {
            throw GatewayError(.badTarget, "Give a URL such as https://api.example.com/orders/7, or a path that begins with /.")
        }
        for header in headers {
            guard let colon = header.firstIndex(of: ":") else { throw GatewayError(.badHeader, "A header is written `name: value`.") }
            let value = header[header.index(after: colon)...].drop { $0 == " " }
            if header[..<colon].lowercased() == "host" {
                probe.host = String(value)
            } else {
                probe.headers.append((String(header[..<colon]), String(value)))
            }
        }
        guard let address = IPAddress(parsing: client) else { throw GatewayError(.badTarget, "--client takes an IP address.") }
        probe.client = address
        return probe
    }
}
