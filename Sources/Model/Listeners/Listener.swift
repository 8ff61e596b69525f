package import Primitives
package import Schema

/// An address that accepts connections.
package struct Listener: Settings {
    @Setting("Name in logs, metrics and messages.")
    package var name: String

    @Setting("Address and port, such as `0.0.0.0:8080`, `[::]:8080` or `unix:/run/sluice.sock`.")
    package var address: BindAddress

    @Setting("Certificates, and what else TLS needs. Left out: the listener speaks plain HTTP.")
    package var tls: ListenerTLS?

    @Setting(
        "Protocols that clients may speak. `h2c` is HTTP/2 without TLS, from clients that begin with it; `h2` is with TLS, in order of preference. With `tls` and left out: h2, http1."
    )
    package var protocols: [ListenerProtocol] = [.http1, .h2c]

    @Setting("Peers whose Forwarded, X-Forwarded-* and X-Request-Id headers, and PROXY protocol header, count.")
    package var trustedProxies: [CIDR] = []

    @Setting(
        "Answer every request with a redirect (308) to the same address over TLS: `true`, or `{ port: … }`. Validations of certificate authorities below /.well-known/acme-challenge/ are served, and so is what a trusted proxy has received over TLS."
    )
    package var redirectToHttps: HTTPSRedirect = .no

    @Setting("Connections start with a PROXY protocol header, version 1 or 2, before TLS if there is any. It counts from trusted proxies only.")
    package var proxyProtocol: Bool = false

    @Setting("Carry connections as they are, without speaking HTTP: plain TCP, or TLS by the server name that clients ask for.")
    package var tcp: TCPSettings?

    @Setting("The bounds by address of `guards` hold here. `false` for listeners that only trusted clients reach.")
    package var guards: Bool = true

    @Setting("Bounds on what one client may send.")
    package var limits: ListenerLimits = ListenerLimits()

    @Setting("How long a client may take.")
    package var timeouts: ListenerTimeouts = ListenerTimeouts()

    package var origin = Origin()
    package init() {}

    /// What is agreed on in TLS handshakes, in the order of preference.
    package var protocolsOverTLS: [ListenerProtocol] { $protocols.isGiven ? protocols.filter { $0 != .h2c } : [.h2, .http1] }
}

package enum ListenerProtocol: String, SettingChoice {
    case http1, h2c, h2
}

package struct ListenerLimits: Settings {
    @Setting("Longest request target (path and query) in bytes: 414 beyond.", .bytes(64) ... .kibibytes(1024))
    package var targetBytes: ByteSize = .kibibytes(16)

    @Setting("Request line and headers together: 431 beyond.", .bytes(256) ... .kibibytes(1024))
    package var headerBytes: ByteSize = .kibibytes(32)

    @Setting("Header lines of a request: 431 beyond.", 1...10_000)
    package var headerCount: Int = 100

    @Setting("Open connections of this listener. At that many, idle ones are closed to make room, those that never brought a request and the oldest first; with none idle, new ones are refused.", 1...10_000_000)
    package var connections: Int = 20_000

    @Setting("Requests on one connection before it is closed; 0 is no limit.", 0...1_000_000_000)
    package var keepAliveRequests: Int = 0

    @Setting("Requests at a time on one HTTP/2 connection; more are refused with REFUSED_STREAM.", 1...10_000)
    package var streams: Int = 100

    package init() {}
}

package struct ListenerTimeouts: Settings {
    @Setting("From the first byte of a request (or of a connection) to the end of its head.", .milliseconds(1) ... .seconds(86400))
    package var header: Duration = .seconds(10)

    @Setting("Longest idle time between two requests of a connection.", .milliseconds(1) ... .seconds(86400))
    package var idle: Duration = .seconds(75)

    @Setting("Longest pause while a body is read from or a response is written to the client.", .milliseconds(1) ... .seconds(86400))
    package var progress: Duration = .seconds(60)

    package init() {}
}
