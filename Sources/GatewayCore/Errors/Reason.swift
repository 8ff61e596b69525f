import Synchronization

/// Why the gateway itself answers, or cuts, an exchange. The code is stable: clients, logs, metrics and documentation rely on
/// it. The engine's own reasons are below; a policy declares those that it brings beside its own code:
///
///     extension Reason {
///         static let rateLimited = Reason("rate_limited", 429, "Too many requests", "http_request_denied")
///     }
package struct Reason: Sendable {
    // Entries are never freed, so they need no counting, which loops would contend for.
    private unowned(unsafe) let shared: Entry

    /// What there is to know of a reason. One object for each, which lives as long as the process.
    package final class Entry: Sendable {
        /// Numbers the reasons of this process, in the order in which they were first used.
        package let number: UInt8
        /// Lower-case words joined by `_`.
        package let code: StaticString
        package let status: Int
        /// For people; without quotes.
        package let title: StaticString
        /// The error type of `Proxy-Status` (RFC 9209 §2.3).
        package let proxyError: StaticString

        fileprivate init(_ number: UInt8, _ code: StaticString, _ status: Int, _ title: StaticString, _ proxyError: StaticString) {
            self.number = number
            self.code = code
            self.status = status
            self.title = title
            self.proxyError = proxyError
        }
    }

    /// Declares a reason, or finds the one that was declared with this code. After 255 different ones all further ones are
    /// the last.
    package init(_ code: StaticString, _ status: Int, _ title: StaticString, _ proxyError: StaticString = "http_request_denied") {
        unsafe shared = Reason.declared.withLock { declared in
            let text = "\(code)"
            if let known = declared.first(where: { "\($0.code)" == text }) { return known }
            guard declared.count < Int(UInt8.max), let number = UInt8(exactly: declared.count) else { return declared[declared.count - 1] }
            let entry = Entry(number, code, status, title, proxyError)
            declared.append(entry)
            return entry
        }
    }

    /// The reason of that number, nil if there is none.
    package init?(number: UInt8) {
        guard let entry = Reason.declared.withLock({ Int(number) < $0.count ? $0[Int(number)] : nil }) else { return nil }
        unsafe shared = entry
    }

    private static let declared = Mutex<[Entry]>([])

    package var entry: Entry { unsafe shared }
    package var number: UInt8 { entry.number }
    package var code: StaticString { entry.code }
    package var status: Int { entry.status }
}

extension Reason: Hashable {
    package static func == (a: Reason, b: Reason) -> Bool { a.entry === b.entry }
    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

extension Reason: CustomStringConvertible {
    package var description: String { "\(code)" }
}

/// The engine's own.
extension Reason {
    package static let badRequestLine = Reason("bad_request_line", 400, "Malformed request line", "http_request_error")
    package static let badTarget = Reason("bad_target", 400, "Malformed request target", "http_request_error")
    package static let badHost = Reason("bad_host", 400, "Missing or malformed host", "http_request_error")
    package static let badHeader = Reason("bad_header", 400, "Malformed header field", "http_request_error")
    package static let badFraming = Reason("bad_framing", 400, "Ambiguous message length", "http_request_error")
    package static let badChunk = Reason("bad_chunk", 400, "Malformed chunked body", "http_request_error")
    package static let unsupportedVersion = Reason("unsupported_version", 505, "HTTP version not supported", "http_request_error")
    package static let unsupportedTransferCoding = Reason(
        "unsupported_transfer_coding", 501, "Transfer coding not supported", "http_request_error")
    package static let headersTooLarge = Reason("headers_too_large", 431, "Request header too large", "http_request_error")
    package static let tooManyHeaders = Reason("too_many_headers", 431, "Too many header fields", "http_request_error")
    package static let targetTooLong = Reason("target_too_long", 414, "Request target too long", "http_request_error")
    package static let expectationFailed = Reason("expectation_failed", 417, "Expectation not supported", "http_request_error")
    package static let connectRefused = Reason("connect_refused", 501, "CONNECT is not supported", "http_request_denied")
    package static let badProxyProtocol = Reason("bad_proxy_protocol", 400, "Malformed PROXY protocol header", "http_request_error")
    package static let badPreface = Reason("bad_preface", 400, "The connection does not begin as HTTP/2 does", "http_protocol_error")
    package static let tooManyFrames = Reason("too_many_frames", 429, "Too many frames that do no work", "http_protocol_error")
    package static let badClientHello = Reason("bad_client_hello", 400, "No ClientHello of TLS", "tls_protocol_error")
    package static let tooManyConnections = Reason("too_many_connections", 503, "Too many connections", "connection_limit_reached")
    package static let clientRateLimited = Reason("client_rate_limited", 429, "Too many requests from this address")
    package static let clientBanned = Reason("client_banned", 429, "This address is banned for a while")
    package static let headerTimeout = Reason("header_timeout", 408, "The request header took too long", "http_request_error")
    package static let idleTimeout = Reason("idle_timeout", 408, "The connection was idle too long", "http_request_error")
    package static let bodyTimeout = Reason("body_timeout", 408, "The request body made no progress", "http_request_error")
    package static let clientWriteTimeout = Reason(
        "client_write_timeout", 408, "The client took no bytes for too long", "http_request_error")
    package static let clientClosed = Reason("client_closed", 499, "The client left", "http_request_error")
    package static let routeNotFound = Reason("route_not_found", 404, "No route matches", "destination_not_found")
    package static let methodNotAllowed = Reason("method_not_allowed", 405, "Method not allowed", "http_request_denied")
    package static let encodedSlash = Reason("encoded_slash", 400, "Encoded slashes are refused here", "http_request_denied")
    package static let upstreamConnectFailed = Reason("upstream_connect_failed", 502, "Could not connect upstream", "connection_refused")
    package static let upstreamConnectTimeout = Reason(
        "upstream_connect_timeout", 504, "Connecting upstream took too long", "connection_timeout")
    package static let upstreamCertificateInvalid = Reason(
        "upstream_certificate_invalid", 502, "The upstream's certificate is not trusted", "tls_certificate_error")
    package static let upstreamTLSFailed = Reason("upstream_tls_failed", 502, "TLS with the upstream failed", "tls_protocol_error")
    package static let upstreamReset = Reason("upstream_reset", 502, "The upstream closed the connection", "connection_terminated")
    package static let upstreamBadResponse = Reason(
        "upstream_bad_response", 502, "The upstream's response is malformed", "http_protocol_error")
    package static let upstreamHeadersTooLarge = Reason(
        "upstream_headers_too_large", 502, "The upstream's response header is too large", "http_response_header_section_size")
    package static let upstreamIncomplete = Reason(
        "upstream_incomplete", 502, "The upstream's response broke off", "http_response_incomplete")
    package static let upstreamTimeout = Reason("upstream_timeout", 504, "The upstream took too long to answer", "http_response_timeout")
    package static let upstreamIdleTimeout = Reason(
        "upstream_idle_timeout", 504, "The upstream's response made no progress", "http_response_timeout")
    package static let upstreamTotalTimeout = Reason(
        "upstream_total_timeout", 504, "The exchange took longer than allowed", "http_response_timeout")
    package static let deadlineExceeded = Reason(
        "deadline_exceeded", 504, "The caller's deadline has passed", "http_response_timeout")
    package static let badCallTimeout = Reason("bad_call_timeout", 400, "The deadline of the call is malformed", "http_request_error")
    package static let badDeadline = Reason("bad_deadline", 400, "The deadline is malformed", "http_request_error")
    package static let upstreamOverloaded = Reason(
        "upstream_overloaded", 503, "The upstream's limits are reached", "connection_limit_reached")
    package static let upstreamQueueTimeout = Reason(
        "upstream_queue_timeout", 503, "Waiting for a connection took too long", "connection_limit_reached")
    package static let requestTooLarge = Reason("request_too_large", 413, "The request is too large", "http_request_error")
    package static let responseTooLarge = Reason(
        "response_too_large", 502, "The upstream's response is too large", "http_response_body_size")
    package static let noHealthyEndpoint = Reason("no_healthy_endpoint", 503, "No endpoint is available", "destination_unavailable")
    package static let breakerOpen = Reason("breaker_open", 503, "The upstream fails and is given time", "destination_unavailable")
    package static let badWebSocketHandshake = Reason(
        "bad_websocket_handshake", 400, "Malformed WebSocket handshake", "http_request_error")
    package static let tunnelIdle = Reason("tunnel_idle", 408, "Nothing passed through the tunnel for too long", "http_request_error")
    package static let tunnelLifetime = Reason("tunnel_lifetime", 408, "The tunnel has lasted as long as it may", "http_request_denied")
    package static let tunnelReloaded = Reason("tunnel_reloaded", 503, "The configuration has changed", "proxy_internal_response")
    package static let websocketMessageTooLarge = Reason(
        "websocket_message_too_large", 413, "A WebSocket message is too large", "http_request_denied")
    package static let websocketMessageRate = Reason(
        "websocket_message_rate", 429, "Too many WebSocket messages", "http_request_denied")
    package static let websocketProtocolError = Reason(
        "websocket_protocol_error", 400, "Malformed WebSocket frame", "http_request_error")
    package static let draining = Reason("draining", 503, "The gateway is stopping", "proxy_internal_response")
    package static let overloaded = Reason("overloaded", 503, "The gateway is overloaded", "proxy_internal_response")
    package static let internalError = Reason("internal_error", 500, "The gateway failed", "proxy_internal_error")

    package static let builtIn: [Reason] = [
        .badRequestLine, .badTarget, .badHost, .badHeader, .badFraming, .badChunk, .unsupportedVersion, .unsupportedTransferCoding,
        .headersTooLarge, .tooManyHeaders, .targetTooLong, .expectationFailed, .connectRefused, .badProxyProtocol, .badPreface, .tooManyFrames,
        .badClientHello,
        .tooManyConnections, .clientRateLimited, .clientBanned,
        .headerTimeout, .idleTimeout, .bodyTimeout, .clientWriteTimeout, .clientClosed, .routeNotFound, .methodNotAllowed, .encodedSlash,
        .upstreamConnectFailed, .upstreamConnectTimeout, .upstreamCertificateInvalid, .upstreamTLSFailed, .upstreamReset, .upstreamBadResponse,
        .upstreamHeadersTooLarge, .upstreamIncomplete, .upstreamTimeout, .upstreamIdleTimeout, .upstreamTotalTimeout, .deadlineExceeded,
        .badCallTimeout, .upstreamOverloaded, .upstreamQueueTimeout, .requestTooLarge, .responseTooLarge, .noHealthyEndpoint,
        .breakerOpen, .badDeadline,
        .badWebSocketHandshake, .tunnelIdle, .tunnelLifetime, .tunnelReloaded, .websocketMessageTooLarge, .websocketMessageRate,
        .websocketProtocolError, .draining, .overloaded, .internalError,
    ]
}
