import ArgumentParser
import DataPlane
import Discovery
import GatewayCore
import HTTPEngine
import Model
import Reactor
import Synchronization

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows a running gateway: listeners, APIs, endpoints' health, configuration and its errors.",
        discussion: "Asks the gateway's admin address, as JSON. Exit code 1: the gateway does not answer or is not ready.")

    @OptionGroup var source: ConfigurationOption
    @Option(help: "The admin address of the gateway; by default the configuration's.") var admin: String?

    func run() throws {
        let address = try target()
        var request = FetchRequest(address: address)
        request.target = "/api/v1/status"
        switch try Self.fetch(request) {
        case .failure(let error): throw Failure("No gateway answers on \(address): \(error.detail) Is `sluice run` running?")
        case .success(let response):
            let body = String(decoding: response.body, as: UTF8.self)
            Console.output(body)
            if response.status != 200 || body.contains("\"ready\": false") { Exit.now(1) }
        }
    }

    private func target() throws -> SocketAddress {
        if let admin {
            guard let address = SocketAddress(parsing: admin) else {
                throw Failure("--admin takes an address such as 127.0.0.1:9180 or unix:/run/sluice.sock.")
            }
            return address
        }
        // A file that was named must be good; one that merely lies about is only asked for the address.
        func load() throws -> Configuration { try source.load(asking: .never).configuration }
        let configuration = source.config == nil ? (try? load()) ?? Configuration() : try load()
        return SocketAddress(configuration.admin.address)
    }

    /// One request on a loop of its own.
    private static func fetch(_ request: FetchRequest) throws -> Result<FetchResponse, GatewayError> {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        let fetcher = Fetcher(loop: loop)
        let result = Mutex<Result<FetchResponse, GatewayError>?>(nil)
        fetcher.start(request) { answer in
            result.withLock { $0 = answer }
            loop.stop()
        }
        if result.withLock({ $0 == nil }) { loop.run() }
        return result.withLock { $0 } ?? .failure(GatewayError(.internalError))
    }
}
