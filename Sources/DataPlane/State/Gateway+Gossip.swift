import Identity
import Model
import Reactor
import Schema
import SharedState
import Synchronization

/// The gossip of a gateway with others.
extension Gateway {
    /// Reconciles by way of the server, where there is one and no gossip.
    func applyRedisSync(_ configuration: Configuration) throws(ApplyError) {
        let wanted = configuration.state.gossip == nil && configuration.state.redis != nil
        let before = gossip.redis, store = localSync, control = control, redis = redis
        guard wanted != (before != nil) else { return }
        let outcome = Mutex<Result<RedisSync, CryptoError>?>(nil)
        onControl {
            guard wanted else { return before?.stop() ?? () }
            outcome.withLock { outcome in
                outcome = Result { () throws(CryptoError) in try RedisSync(client: redis, store: store, loop: control) }
            }
        }
        switch outcome.withLock({ $0 }) {
        case nil: gossip.redis = nil
        case .success(let service): gossip.redis = service
        case .failure(let error): throw ApplyError(Diagnostic(.error, at: configuration.state.$redis.position, path: "state.redis", "\(error)"))
        }
    }

    /// Starts, changes or ends the gossip.
    func applyGossip(_ configuration: Configuration) throws(ApplyError) {
        let before = gossip.service
        guard let wanted = configuration.state.gossip else {
            guard let before else { return }
            onControl { before.stop() }
            gossip.service = nil
            return
        }
        let settings: GossipServiceSettings
        do throws(CryptoError) {
            settings = try GossipServiceSettings(wanted)
        } catch {
            throw ApplyError(Diagnostic(.error, at: configuration.state.$gossip.position, path: "state.gossip", "\(error)"))
        }
        let store = localSync, control = control, resolver = resolver
        let outcome = Mutex<Result<GossipService, SystemError>?>(nil)
        onControl {
            if let before, before.update(settings) { return }
            // One socket at a time has an address; with another one, the old goes on until the new is there.
            let isBefore = before?.address == settings.address
            if isBefore { before?.stop() }
            let next = Result { () throws(SystemError) in try GossipService(settings, store: store, loop: control, resolver: resolver) }
            if !isBefore, case .success = next { before?.stop() }
            outcome.withLock { $0 = next }
        }
        switch outcome.withLock({ $0 }) {
        case nil: break
        case .success(let service): gossip.service = service
        case .failure(let error):
            if before?.address == settings.address { gossip.service = nil }
            throw ApplyError(
                Diagnostic(
                    .error, at: wanted.$address.position, path: "state.gossip.address", "can't receive on \(wanted.address.text): \(error)",
                    remedy: ApplyError.remedy(error)))
        }
    }

    /// Says goodbye to the others.
    func stopGossip() {
        let service = gossip.service, redis = gossip.redis
        guard service != nil || redis != nil else { return }
        onControl {
            service?.stop()
            redis?.stop()
        }
    }

    func onControl(_ body: @escaping @Sendable () -> Void) {
        let done = Latch(1)
        control.post {
            body()
            done.countDown()
        }
        done.wait()
    }
}

/// The gossip that a gateway has at the moment, for all threads.
final class GossipCell: Sendable {
    private let current = Mutex<GossipService?>(nil)
    private let server = Mutex<RedisSync?>(nil)

    var service: GossipService? {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// What takes its place where there is a server.
    var redis: RedisSync? {
        get { server.withLock { $0 } }
        set { server.withLock { $0 = newValue } }
    }
}

extension StateSettings {
    /// There is a way to tell other gateways what was spent.
    var reconciles: Bool { gossip != nil || redis != nil }
}
