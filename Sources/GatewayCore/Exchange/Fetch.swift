package import Reactor

/// A request that the gateway itself makes: a health check, a key set, a callout.
package struct FetchRequest: Sendable {
    package var address: SocketAddress
    package var version = UpstreamVersion.http1
    package var method = "GET"
    /// Path and query.
    package var target = "/"
    package var host = ""
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    package var connectTimeout: Nanoseconds = .seconds(1)
    /// For the whole exchange.
    package var timeout: Nanoseconds = .seconds(5)
    /// A longer response body is an error.
    package var mostBytes = 1 << 20

    package init(address: SocketAddress) { self.address = address }
}

package struct FetchResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Fields behind the body, such as the status of a gRPC call.
    package var trailers: [(name: String, value: String)]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8], trailers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}

/// Makes a request and gives its whole response, on the event loop that the function belongs to.
package typealias Fetch = @Sendable (FetchRequest) async -> Result<FetchResponse, GatewayError>
