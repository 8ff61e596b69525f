package import GatewayCore
package import Reactor
import Synchronization
import TLS
package import Upstreams

/// The client of callouts: for each event loop pools of connections by origin, over the same lanes, parsers and time-outs as everybody's.
package final class Callouts: CalloutClient {
    private let lanes: [CalloutLane]
    private let control: CalloutLane?
    /// What callouts that bring no TLS of their own use; made when the first one needs it.
    private let plain = Mutex<[UpstreamVersion: CalloutContext]>([:])

    /// - Parameters:
    ///   - loops: those that may be named; none where configurations are checked and nothing is sent.
    ///   - control: for callouts that name none.
    package init(loops: [EventLoop], control: EventLoop?, resolver: Resolver) {
        lanes = loops.map { CalloutLane(loop: $0, resolver: resolver) }
        self.control = control.map { CalloutLane(loop: $0, resolver: resolver) }
    }

    /// For where configurations are only checked: reads what they say of TLS, and sends nothing.
    package static let checking = Callouts(loops: [], control: nil, resolver: Resolver())

    package func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
        guard let lane = lane(of: loop) else { return .failure(GatewayError(.internalError, .gateway, "No event loop makes callouts.")) }
        let context: CalloutContext?
        do throws(CalloutTLSError) {
            context = try security(of: callout)
        } catch {
            return .failure(GatewayError(.upstreamTLSFailed, .upstream, error.message))
        }
        let call = CalloutCall(callout, context, on: lane)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if lane.loop.isCurrent {
                    call.begin { continuation.resume(returning: $0) }
                } else {
                    lane.loop.post { call.begin { continuation.resume(returning: $0) } }
                }
            }
        } onCancel: {
            lane.loop.post { call.cancel() }
        }
    }

    private func lane(of loop: EventLoop?) -> CalloutLane? {
        guard let loop else { return control }
        return lanes.first { $0.loop === loop } ?? control
    }

    // MARK: TLS

    package func security(_ settings: CalloutTLS, version: UpstreamVersion) throws(CalloutTLSError) -> any FetchSecurity {
        settings == CalloutTLS() ? try usual(version) : try CalloutContext(settings, version)
    }

    private func security(of callout: Callout) throws(CalloutTLSError) -> CalloutContext? {
        guard callout.url.isSecure else { return nil }
        if let own = callout.security as? CalloutContext { return own }
        return try usual(callout.version)
    }

    private func usual(_ version: UpstreamVersion) throws(CalloutTLSError) -> CalloutContext {
        if let known = plain.withLock({ $0[version] }) { return known }
        let made = try CalloutContext(CalloutTLS(), version)
        return plain.withLock { known in
            if let other = known[version] { return other }
            known[version] = made
            return made
        }
    }
}

/// What callouts with the same settings of TLS have in common.
final class CalloutContext: FetchSecurity {
    let tls: TLSClientContext

    init(_ settings: CalloutTLS, _ version: UpstreamVersion) throws(CalloutTLSError) {
        var client = TLSClientSettings()
        client.serverName = settings.serverName
        client.authorities = settings.authorities
        client.certificate = settings.certificate
        client.key = settings.key
        client.verifies = settings.verifies
        client.protocols =
            switch version {
            case .http1: [.http1]
            case .http2: [.http2]
            case .negotiated: [.http2, .http1]
            }
        do throws(TLSError) {
            tls = try TLSClientContext(client)
        } catch {
            throw CalloutTLSError(error.message, remedy: error.remedy)
        }
    }
}
