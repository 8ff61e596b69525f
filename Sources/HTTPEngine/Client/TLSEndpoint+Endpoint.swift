import GatewayCore
package import TLS
package import Upstreams

extension TLSEndpoint {
    package init(_ context: TLSClientContext, _ endpoint: EndpointSettings) {
        self.init(context, host: TLSHost(endpoint.name, at: endpoint.address))
    }
}

extension TLSEndpoint: FetchSecurity {}
