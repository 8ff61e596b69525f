package import Primitives

/// Header fields that the gateway itself looks at, so that it finds them without comparing names.
package enum KnownField: UInt8, Sendable, CaseIterable {
    case te, via, host, date, expect, server, accept, trailer, upgrade, location, forwarded
    case connection, keepAlive, retryAfter, contentType, xRequestID, proxyStatus, contentLength, http2Settings
    case xForwardedFor, xForwardedHost, xForwardedPort, xForwardedProto, proxyConnection, transferEncoding
    case xForwardedPrefix, xForwardedServer, xForwardedScheme, xForwardedSsl, xRealIP
    case xForwardedClientCert, clientCert, clientCertChain
    case cookie, userAgent, authorization, referer
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
        case .xForwardedPrefix: "x-forwarded-prefix"
        case .xForwardedServer: "x-forwarded-server"
        case .xForwardedScheme: "x-forwarded-scheme"
        case .xForwardedSsl: "x-forwarded-ssl"
        case .xRealIP: "x-real-ip"
        case .xForwardedClientCert: "x-forwarded-client-cert"
        case .clientCert: "client-cert"
        case .clientCertChain: "client-cert-chain"
        case .proxyConnection: "proxy-connection"
        case .transferEncoding: "transfer-encoding"
        case .cookie: "cookie"
        case .userAgent: "user-agent"
        case .referer: "referer"
        case .authorization: "authorization"
        case .other: ""
        }
    }

    /// The field called `name`, in any case. `name` is a token (RFC 9110 §5.6.2).
    ///
    /// Eight bytes are compared at a time, with the bit set that tells letters of the two cases apart. Setting it changes
    /// no other byte of these names, and makes no other token byte look like one of them.
    package static func named(_ name: ByteView) -> KnownField {
        let first = word(name, at: 0)
        let last = name.count > 8 ? word(name, at: name.count - 8) : 0
        switch name.count {
        case 2:
            // te
            if first == 0x6574 { return .te }
        case 3:
            // via
            if first == 0x616976 { return .via }
        case 4:
            // host
            if first == 0x74736f68 { return .host }
            // date
            if first == 0x65746164 { return .date }
        case 6:
            // expect
            if first == 0x746365707865 { return .expect }
            // server
            if first == 0x726576726573 { return .server }
            // accept
            if first == 0x747065636361 { return .accept }
            // cookie
            if first == 0x65696b6f6f63 { return .cookie }
        case 7:
            // trailer
            if first == 0x72656c69617274 { return .trailer }
            // referer
            if first == 0x72657265666572 { return .referer }
            // upgrade
            if first == 0x65646172677075 { return .upgrade }
        case 8:
            // location
            if first == 0x6e6f697461636f6c { return .location }
        case 9:
            // forwarded
            if first == 0x6564726177726f66, last == 0x646564726177726f { return .forwarded }
            // x-real-ip
            if first == 0x692d6c6165722d78, last == 0x70692d6c6165722d { return .xRealIP }
        case 10:
            // connection
            if first == 0x697463656e6e6f63, last == 0x6e6f697463656e6e { return .connection }
            // keep-alive
            if first == 0x696c612d7065656b, last == 0x6576696c612d7065 { return .keepAlive }
            // user-agent
            if first == 0x6567612d72657375, last == 0x746e6567612d7265 { return .userAgent }
        case 11:
            // client-cert
            if first == 0x632d746e65696c63, last == 0x747265632d746e65 { return .clientCert }
            // retry-after
            if first == 0x66612d7972746572, last == 0x72657466612d7972 { return .retryAfter }
        case 12:
            // content-type
            if first == 0x2d746e65746e6f63, last == 0x657079742d746e65 { return .contentType }
            // x-request-id
            if first == 0x7365757165722d78, last == 0x64692d7473657571 { return .xRequestID }
            // proxy-status
            if first == 0x74732d79786f7270, last == 0x7375746174732d79 { return .proxyStatus }
        case 13:
            // authorization
            if first == 0x7a69726f68747561, last == 0x6e6f6974617a6972 { return .authorization }
        case 14:
            // content-length
            if first == 0x2d746e65746e6f63, last == 0x6874676e656c2d74 { return .contentLength }
            // http2-settings
            if first == 0x65732d3270747468, last == 0x73676e6974746573 { return .http2Settings }
        case 15:
            // x-forwarded-for
            if first == 0x726177726f662d78, last == 0x726f662d64656472 { return .xForwardedFor }
            // x-forwarded-ssl
            if first == 0x726177726f662d78, last == 0x6c73732d64656472 { return .xForwardedSsl }
        case 16:
            // x-forwarded-host
            if first == 0x726177726f662d78, last == 0x74736f682d646564 { return .xForwardedHost }
            // x-forwarded-port
            if first == 0x726177726f662d78, last == 0x74726f702d646564 { return .xForwardedPort }
            // proxy-connection
            if first == 0x6f632d79786f7270, last == 0x6e6f697463656e6e { return .proxyConnection }
        case 17:
            // x-forwarded-proto
            if first == 0x726177726f662d78, last == 0x6f746f72702d6465, name[8] | 0x20 == 0x64 { return .xForwardedProto }
            // client-cert-chain
            if first == 0x632d746e65696c63, last == 0x6e696168632d7472, name[8] | 0x20 == 0x65 { return .clientCertChain }
            // transfer-encoding
            if first == 0x726566736e617274, last == 0x676e69646f636e65, name[8] | 0x20 == 0x2d { return .transferEncoding }
        case 18:
            // x-forwarded-prefix
            if first == 0x726177726f662d78, last == 0x7869666572702d64, name[8] | 0x20 == 0x64, name[9] | 0x20 == 0x65 { return .xForwardedPrefix }
            // x-forwarded-server
            if first == 0x726177726f662d78, last == 0x7265767265732d64, name[8] | 0x20 == 0x64, name[9] | 0x20 == 0x65 { return .xForwardedServer }
            // x-forwarded-scheme
            if first == 0x726177726f662d78, last == 0x656d656863732d64, name[8] | 0x20 == 0x64, name[9] | 0x20 == 0x65 { return .xForwardedScheme }
        case 23:
            // x-forwarded-client-cert
            if first == 0x726177726f662d78, last == 0x747265632d746e65, name[8..<15].equalsIgnoringCase("ded-cli") { return .xForwardedClientCert }
        default: break
        }
        return .other
    }

    /// Up to eight bytes from `start` on, the first in the lowest place, with 0x20 set in each.
    private static func word(_ name: ByteView, at start: Int) -> UInt64 {
        if name.count - start >= 8 {
            return unsafe name.buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self).littleEndian | 0x2020_2020_2020_2020
        }
        var word: UInt64 = 0
        for i in 0..<name.count { word |= UInt64(name[i] | 0x20) << UInt64(i * 8) }
        return word
    }

    /// Fields that belong to one connection and are never forwarded (RFC 9110 §7.6.1, RFC 9113 §8.2.2).
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .http2Settings: true
        default: false
        }
    }

    /// What a proxy says about the client's side of it: believed from trusted peers only.
    package var isForwarding: Bool {
        switch self {
        case .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto, .xForwardedPrefix, .xForwardedServer,
            .xForwardedScheme, .xForwardedSsl, .xRealIP, .xForwardedClientCert, .clientCert, .clientCertChain:
            true
        default: false
        }
    }

    var bit: UInt64 { 1 << UInt64(rawValue) }
}
