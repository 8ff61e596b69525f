import Identity
import Model
import Reactor
import Schema
import SharedState

extension GossipServiceSettings {
    init(_ settings: GossipSettings) throws(CryptoError) {
        var previous: GossipKey?
        if let text = settings.previousKey { previous = try GossipKey(Array(text.utf8)) }
        self.init(
            address: SocketAddress(settings.address), keys: GossipKeys(try GossipKey(Array(settings.key.utf8)), previous: previous),
            seeds: settings.seeds.compactMap { GossipSeed($0) })
        advertise = settings.advertise.map { SocketAddress($0) }
        interval = settings.interval.nanoseconds
        timing.missing = settings.missing.nanoseconds
    }
}

extension GossipSeed {
    fileprivate init?(_ address: EndpointAddress) {
        switch address {
        case .ip(let ip, let port): self = .address(.ip(ip, port: port))
        case .name(let name, let port): self = .name(name, port: port)
        case .unix, .service: return nil
        }
    }
}
