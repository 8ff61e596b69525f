import GatewayCore
import Reactor
import TLS
import Upstreams

/// The callouts of one event loop. Confined to it.
final class CalloutLane: @unchecked Sendable {
    let loop: EventLoop
    private let resolver: Resolver
    private var origins: [Origin: CalloutOrigin] = [:]

    /// Callouts of the same origin share connections.
    struct Origin: Hashable {
        let host: String
        let port: UInt16
        let version: UpstreamVersion
        let connectTimeout: Nanoseconds
        /// Nil for plain text.
        let context: ObjectIdentifier?
    }

    /// A pool that nobody has used for so long is given up: its TLS belonged to a configuration that is gone, or its URL did.
    private static let mostIdle = Nanoseconds.seconds(600)

    init(loop: EventLoop, resolver: Resolver) {
        self.loop = loop
        self.resolver = resolver
    }

    func origin(of callout: Callout, _ context: CalloutContext?) -> CalloutOrigin {
        let url = callout.url
        // Without TLS nothing is negotiated.
        let version = context == nil && callout.version == .negotiated ? .http1 : callout.version
        let key = Origin(
            host: url.host, port: url.port, version: version, connectTimeout: callout.connectTimeout,
            context: context.map { ObjectIdentifier($0) })
        if let known = origins[key] { return known }
        sweep()
        let made = CalloutOrigin(callout, version, context, resolver: resolver, loop: loop)
        origins[key] = made
        return made
    }

    private func sweep() {
        for (key, origin) in origins where origin.isQuiet && loop.now - origin.lastUsed > CalloutLane.mostIdle {
            origin.retire()
            origins[key] = nil
        }
    }
}
