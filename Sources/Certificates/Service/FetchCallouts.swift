internal import GatewayCore
internal import HTTPEngine
internal import Primitives
internal import Reactor
internal import TLS
internal import Upstreams

/// Requests to authorities: few, and each over a connection of its own, with the authorities that its settings trust.
struct FetchCallouts: CalloutClient {
    let fetcher: Fetcher
    let resolver: Resolver
    let tls: TLSClientContext

    /// Addresses of a name that are tried.
    private static let mostAddresses = 3

    func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
        let addresses: [IPAddress]
        do throws(ResolutionError) {
            addresses = try await resolver.resolve(callout.url.host).addresses
        } catch {
            return .failure(GatewayError(.upstreamConnectFailed, .upstream, "\(callout.url.host): \(error)"))
        }
        var outcome: Result<FetchResponse, GatewayError> = .failure(GatewayError(.upstreamConnectFailed, .upstream, "no address"))
        for address in addresses.prefix(FetchCallouts.mostAddresses) {
            outcome = await fetcher.fetch(request(callout, to: address))
            guard case .failure(let error) = outcome, error.reason == .upstreamConnectFailed else { break }
        }
        return outcome
    }

    private func request(_ callout: Callout, to address: IPAddress) -> FetchRequest {
        let url = callout.url
        var request = FetchRequest(address: .ip(address, port: url.port))
        request.method = callout.method
        request.target = url.target
        request.host = url.authority
        request.headers = callout.headers
        request.body = callout.body
        request.connectTimeout = callout.connectTimeout
        request.timeout = callout.timeout
        request.mostBytes = callout.mostBytes
        if url.isSecure {
            request.security = TLSEndpoint(tls, host: HostName.isValid(url.host) ? .name(url.host) : .address(address))
        }
        return request
    }
}
