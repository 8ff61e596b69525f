import Primitives
import Schema

extension Linter {
    /// A key that nobody guesses.
    private static let shortestKey = 32

    mutating func checkGossip(_ settings: GossipSettings?) {
        guard let settings else { return }
        let path = "state.gossip"
        checkPlace(settings.address, settings.$address.position, "\(path).address", advertise: settings.advertise)
        if let advertise = settings.advertise { checkPlace(advertise, settings.$advertise.position, "\(path).advertise", advertise: nil) }
        check(key: settings.key, settings.$key.position, settings.$key.isSecret, "\(path).key")
        if let previous = settings.previousKey {
            check(key: previous, settings.$previousKey.position, settings.$previousKey.isSecret, "\(path).previousKey")
            if previous == settings.key {
                warning(settings.$previousKey.position, "\(path).previousKey", "the same as `key`", remedy: "leave it out")
            }
        }
        for (i, seed) in settings.seeds.enumerated() {
            guard case .unix = seed else { continue }
            error(settings.$seeds.position, "\(path).seeds[\(i)]", "gossip goes over UDP, which has no paths", remedy: "use an address and port")
        }
    }

    private mutating func checkPlace(_ address: BindAddress, _ position: SourcePosition, _ path: String, advertise: BindAddress?) {
        guard case .ip(let ip, let port) = address else {
            return error(position, path, "gossip goes over UDP, which has no paths", remedy: "use an address and port such as 10.0.0.5:7946")
        }
        if port == 0 { error(position, path, "others have to know the port", remedy: "choose one, such as 7946") }
        if ip.isUnspecified, advertise == nil {
            error(position, path, "nobody can reach \(address.text)", remedy: "set `advertise` to the address at which the others reach this gateway")
        }
    }

    private mutating func check(key: String, _ position: SourcePosition, _ isSecret: Bool, _ path: String) {
        if key.utf8.count < Linter.shortestKey {
            error(position, path, "shorter than \(Linter.shortestKey) characters", remedy: "`openssl rand -base64 32` makes one")
        }
        if !isSecret { warning(position, path, "stands in the file for everybody to read", remedy: "use `${env:NAME}` or `${file:path}`") }
    }
}
