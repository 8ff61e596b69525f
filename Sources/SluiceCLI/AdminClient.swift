import DataPlane
import Discovery
import GatewayCore
import HTTPEngine
import Model
import Reactor
import Synchronization

/// Asks the admin address of a running gateway.
struct AdminClient {
    private let address: SocketAddress

    /// - Parameter admin: the address; nil takes that of the configuration.
    init(source: ConfigurationOption, admin: String?) throws {
        if let admin {
            guard let address = SocketAddress(parsing: admin) else {
                throw Failure("--admin takes an address such as 127.0.0.1:9180 or unix:/run/sluice.sock.")
            }
            self.address = address
            return
        }
        // A file that was named must be good; one that merely lies about is only asked for the address.
        func load() throws -> Configuration { try source.load(asking: .never).configuration }
        let configuration = source.config == nil ? (try? load()) ?? Configuration() : try load()
        address = SocketAddress(configuration.admin.address)
    }

    /// The body of a response of 200.
    func get(_ target: String) throws -> [UInt8] {
        let response = try ask(target)
        guard response.status == 200 else {
            throw Failure("The gateway on \(address) answers \(response.status) to \(target): is it of this version?")
        }
        return response.body
    }

    func ask(_ target: String, method: String = "GET") throws -> FetchResponse {
        var request = FetchRequest(address: address)
        request.method = method
        request.target = target
        request.timeout = .seconds(30)
        switch try AdminClient.fetch(request) {
        case .failure(let error): throw Failure("No gateway answers on \(address): \(error.detail) Is `sluice run` running?")
        case .success(let response): return response
        }
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
