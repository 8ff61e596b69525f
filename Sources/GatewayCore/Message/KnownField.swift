package import Primitives

/// Header fields that the gateway itself looks at, so that it finds them without comparing names.
package enum KnownField: UInt8, Sendable, CaseIterable {
    case te, via, host, date, expect, server, accept, trailer, upgrade, location, forwarded
    case connection, keepAlive, retryAfter, contentType, xRequestID, proxyStatus, contentLength, http2Settings
    case xForwardedFor, xForwardedHost, xForwardedPort, xForwardedProto, proxyConnection, transferEncoding
    case cookie, userAgent, authorization
    case other

    /// In lower case; empty for `other`.
    package var name: StaticString {
        switch self {
        case .te: "te"
        case .via: "via"
        case .host: "host"
        case .date: "date"
        case .expect: "expect"
        case .server: "server"
        case .accept: "accept"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .location: "location"
        case .forwarded: "forwarded"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .retryAfter: "retry-after"
        case .contentType: "content-type"
        case .xRequestID: "x-request-id"
        case .proxyStatus: "proxy-status"
        case .contentLength: "content-length"
        case .http2Settings: "http2-settings"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xForwardedProto: "x-forwarded-proto"
        case .proxyConnection: "proxy-connection"
        case .transferEncoding: "transfer-encoding"
        case .cookie: "cookie"
        case .userAgent: "user-agent"
        case .authorization: "authorization"
        case .other: ""
        }
    }

    /// The field called `name`, in any case.
    package init(_ name: ByteView) {
        guard name.count >= 2, name.count <= 17 else {
            self = .other
            return
        }
        let candidates: (KnownField, KnownField, KnownField)
        switch name.count {
        case 2: candidates = (.te, .other, .other)
        case 3: candidates = (.via, .other, .other)
        case 4: candidates = (.host, .date, .other)
        case 6: candidates = (.accept, .server, ASCII.lowercase(name[0]) == UInt8(ascii: "c") ? .cookie : .expect)
        case 7: candidates = (.upgrade, .trailer, .other)
        case 8: candidates = (.location, .other, .other)
        case 9: candidates = (.forwarded, .other, .other)
        case 10: candidates = (.connection, .userAgent, .keepAlive)
        case 11: candidates = (.retryAfter, .other, .other)
        case 12: candidates = (.contentType, .xRequestID, .proxyStatus)
        case 13: candidates = (.authorization, .other, .other)
        case 14: candidates = (.contentLength, .http2Settings, .other)
        case 15: candidates = (.xForwardedFor, .other, .other)
        case 16: candidates = (.xForwardedHost, .xForwardedPort, .proxyConnection)
        case 17: candidates = (.transferEncoding, .xForwardedProto, .other)
        default: candidates = (.other, .other, .other)
        }
        if candidates.0 != .other, name.equalsIgnoringCase(candidates.0.name) {
            self = candidates.0
        } else if candidates.1 != .other, name.equalsIgnoringCase(candidates.1.name) {
            self = candidates.1
        } else if candidates.2 != .other, name.equalsIgnoringCase(candidates.2.name) {
            self = candidates.2
        } else {
            self = .other
        }
    }

    /// Fields that belong to one connection and are never forwarded (RFC 9110 §7.6.1, RFC 9113 §8.2.2).
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .http2Settings: true
        default: false
        }
    }

    var bit: UInt32 { 1 << UInt32(rawValue) }
}
