/// The closed list of reasons. The code is stable: clients, logs, metrics and documentation rely on it.
package enum Reason: UInt8, Sendable, CaseIterable {
    case badRequestLine, badTarget, badHost, badHeader, badFraming, badChunk
    case unsupportedVersion, unsupportedTransferCoding, headersTooLarge, tooManyHeaders, targetTooLong
    case expectationFailed, connectRefused, badProxyProtocol, tooManyConnections
    case headerTimeout, idleTimeout, bodyTimeout, clientWriteTimeout, clientClosed
    case routeNotFound, methodNotAllowed, encodedSlash
    case upstreamConnectFailed, upstreamConnectTimeout, upstreamReset, upstreamBadResponse, upstreamHeadersTooLarge
    case upstreamIncomplete, upstreamTimeout, upstreamIdleTimeout, upstreamTotalTimeout, upstreamOverloaded, upstreamQueueTimeout
    case noHealthyEndpoint, draining, internalError

    package struct Entry: Sendable {
        package let code: StaticString
        package let status: Int
        package let title: StaticString
        /// The error type of `Proxy-Status` (RFC 9209 §2.3).
        package let proxyError: StaticString
    }

    package var entry: Entry {
        switch self {
        case .badRequestLine: Entry("bad_request_line", 400, "Malformed request line", "http_request_error")
        case .badTarget: Entry("bad_target", 400, "Malformed request target", "http_request_error")
        case .badHost: Entry("bad_host", 400, "Missing or malformed host", "http_request_error")
        case .badHeader: Entry("bad_header", 400, "Malformed header field", "http_request_error")
        case .badFraming: Entry("bad_framing", 400, "Ambiguous message length", "http_request_error")
        case .badChunk: Entry("bad_chunk", 400, "Malformed chunked body", "http_request_error")
        case .unsupportedVersion: Entry("unsupported_version", 505, "HTTP version not supported", "http_request_error")
        case .unsupportedTransferCoding:
            Entry("unsupported_transfer_coding", 501, "Transfer coding not supported", "http_request_error")
        case .headersTooLarge: Entry("headers_too_large", 431, "Request header too large", "http_request_error")
        case .tooManyHeaders: Entry("too_many_headers", 431, "Too many header fields", "http_request_error")
        case .targetTooLong: Entry("target_too_long", 414, "Request target too long", "http_request_error")
        case .expectationFailed: Entry("expectation_failed", 417, "Expectation not supported", "http_request_error")
        case .connectRefused: Entry("connect_refused", 501, "CONNECT is not supported", "http_request_denied")
        case .badProxyProtocol: Entry("bad_proxy_protocol", 400, "Malformed PROXY protocol header", "http_request_error")
        case .tooManyConnections: Entry("too_many_connections", 503, "Too many connections", "connection_limit_reached")
        case .headerTimeout: Entry("header_timeout", 408, "The request header took too long", "http_request_error")
        case .idleTimeout: Entry("idle_timeout", 408, "The connection was idle too long", "http_request_error")
        case .bodyTimeout: Entry("body_timeout", 408, "The request body made no progress", "http_request_error")
        case .clientWriteTimeout: Entry("client_write_timeout", 408, "The client took no bytes for too long", "http_request_error")
        case .clientClosed: Entry("client_closed", 499, "The client left", "http_request_error")
        case .routeNotFound: Entry("route_not_found", 404, "No route matches", "destination_not_found")
        case .methodNotAllowed: Entry("method_not_allowed", 405, "Method not allowed", "http_request_denied")
        case .encodedSlash: Entry("encoded_slash", 400, "Encoded slashes are refused here", "http_request_denied")
        case .upstreamConnectFailed: Entry("upstream_connect_failed", 502, "Could not connect upstream", "connection_refused")
        case .upstreamConnectTimeout:
            Entry("upstream_connect_timeout", 504, "Connecting upstream took too long", "connection_timeout")
        case .upstreamReset: Entry("upstream_reset", 502, "The upstream closed the connection", "connection_terminated")
        case .upstreamBadResponse:
            Entry("upstream_bad_response", 502, "The upstream's response is malformed", "http_protocol_error")
        case .upstreamHeadersTooLarge:
            Entry("upstream_headers_too_large", 502, "The upstream's response header is too large", "http_response_header_section_size")
        case .upstreamIncomplete:
            Entry("upstream_incomplete", 502, "The upstream's response broke off", "http_response_incomplete")
        case .upstreamTimeout: Entry("upstream_timeout", 504, "The upstream took too long to answer", "http_response_timeout")
        case .upstreamIdleTimeout:
            Entry("upstream_idle_timeout", 504, "The upstream's response made no progress", "http_response_timeout")
        case .upstreamTotalTimeout:
            Entry("upstream_total_timeout", 504, "The exchange took longer than allowed", "http_response_timeout")
        case .upstreamOverloaded:
            Entry("upstream_overloaded", 503, "The upstream's limits are reached", "connection_limit_reached")
        case .upstreamQueueTimeout:
            Entry("upstream_queue_timeout", 503, "Waiting for a connection took too long", "connection_limit_reached")
        case .noHealthyEndpoint: Entry("no_healthy_endpoint", 503, "No endpoint is available", "destination_unavailable")
        case .draining: Entry("draining", 503, "The gateway is stopping", "proxy_internal_response")
        case .internalError: Entry("internal_error", 500, "The gateway failed", "proxy_internal_error")
        }
    }

    package var code: StaticString { entry.code }
    package var status: Int { entry.status }
}

extension Reason.Entry {
    fileprivate init(_ code: StaticString, _ status: Int, _ title: StaticString, _ proxyError: StaticString) {
        self.init(code: code, status: status, title: title, proxyError: proxyError)
    }
}
