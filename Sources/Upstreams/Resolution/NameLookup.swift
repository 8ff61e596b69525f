import Primitives
import Reactor
private import Synchronization

/// Looks a name up, in all places in their order. Waits; for the resolver's threads.
final class NameLookup: Sendable {
    private struct Files {
        var hosts = HostsFile()
        var configuration = ResolverConfiguration()
        var isStale = Instant(nanoseconds: 0)
    }

    private let settings: ResolverSettings
    private let files = Mutex(Files())

    init(_ settings: ResolverSettings) { self.settings = settings }

    /// An IPv4 address, or an IPv6 address with or without brackets.
    static func literal(_ host: String) -> IPAddress? {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return IPAddress(parsing: isBracketed ? String(host.dropFirst().dropLast()) : host)
    }

    func resolve(_ question: NameQuestion) -> Result<ResolvedName, ResolutionError> {
        let (hosts, configuration) = readFiles()
        let host = question.host
        guard DNSName(host) != nil else { return .failure(.invalidName) }
        if question.kind == .services { return resolveByDNS(question, configuration) }
        let bare = host.hasSuffix(".") ? String(host.dropLast()) : host
        if let addresses = hosts.addresses[bare] {
            return .success(ResolvedName(addresses, timeToLive: settings.fileTimeToLive, source: .hosts))
        }
        // RFC 6761 §6.3: never asked of a name server.
        if bare == "localhost" || bare.hasSuffix(".localhost") {
            let both = [IPAddress.loopback, IPAddress(high: 0, low: 1)]
            return .success(ResolvedName(both, timeToLive: settings.fileTimeToLive, source: .hosts))
        }
        switch resolveByDNS(question, configuration) {
        case .success(let name): return .success(name)
        case .failure(let error):
            guard settings.nameservers == nil, let addresses = SystemLookup.addresses(of: host) else { return .failure(error) }
            return .success(ResolvedName(addresses, timeToLive: settings.fileTimeToLive, source: .system))
        }
    }

    private func resolveByDNS(_ question: NameQuestion, _ configuration: ResolverConfiguration) -> Result<ResolvedName, ResolutionError> {
        let client = DNSClient(
            nameservers: settings.nameservers ?? configuration.nameservers,
            timeout: settings.timeout ?? min(configuration.timeout, .seconds(2)), attempts: settings.attempts ?? configuration.attempts)
        var failure = ResolutionError.notFound
        for candidate in configuration.candidates(question.host) {
            guard let name = DNSName(candidate) else { continue }
            switch client.lookUp(name, question.kind) {
            case .success(let answer):
                let seconds = Nanoseconds.seconds(Int(answer.timeToLive))
                let bounded = min(max(seconds, settings.timeToLive.lowerBound), settings.timeToLive.upperBound)
                return .success(
                    question.kind == .services
                        ? ResolvedName(services: answer.services, timeToLive: bounded)
                        : ResolvedName(answer.addresses, timeToLive: bounded, source: .dns))
            case .failure(.notFound): continue
            case .failure(.refused(let why)): failure = .noAnswer(why)
            // Servers that are silent about this name would be silent about the next one.
            case .failure(.silent(let why)): return .failure(.noAnswer(why))
            }
        }
        return .failure(failure)
    }

    private func readFiles() -> (HostsFile, ResolverConfiguration) {
        files.withLock { files in
            if Instant.now >= files.isStale {
                files.hosts = HostsFile(SmallFile.read(settings.hostsFile) ?? "")
                files.configuration = ResolverConfiguration(SmallFile.read(settings.resolvConf) ?? "")
                files.isStale = .now + settings.fileTimeToLive
            }
            return (files.hosts, files.configuration)
        }
    }
}
