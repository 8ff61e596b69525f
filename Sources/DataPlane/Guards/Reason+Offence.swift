import GatewayCore
import HTTPEngine
import SharedState

extension Reason {
    /// What it counts against the client that an exchange or a connection ended for this reason: more, the less it happens to those who
    /// mean well. Nil: nothing.
    var offence: (kind: Offence, weight: Int)? { Reason.offences[self] }

    private static let offences: [Reason: (kind: Offence, weight: Int)] = {
        var all: [Reason: (kind: Offence, weight: Int)] = [:]
        func add(_ kind: Offence, _ weight: Int, _ reasons: Reason...) {
            for reason in reasons { all[reason] = (kind, weight) }
        }
        // Browsers open connections that they may never need, and close them before long.
        add(.slowness, 2, .idleTimeout)
        add(.slowness, 5, .headerTimeout, .bodyTimeout, .clientWriteTimeout, .handshakeTimeout)
        add(.oversizedHead, 5, .headersTooLarge, .tooManyHeaders, .targetTooLong)
        add(
            .malformed, 2, .badRequestLine, .badTarget, .badHost, .badHeader, .badFraming, .badChunk, .badPreface, .badProxyProtocol,
            .badClientHello)
        add(.malformed, 1, .handshakeFailed)
        add(.frameFlood, 100, .tooManyFrames)
        return all
    }()
}
