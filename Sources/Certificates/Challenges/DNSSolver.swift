internal import GatewayCore
internal import Primitives
internal import Reactor
internal import Upstreams

/// DNS-01: a TXT record, set by whatever the settings name.
struct DNSSolver: ChallengeSolver {
    let provider: DNSProvider
    /// From when the record is set to when the authority is told.
    let propagation: Nanoseconds
    let resolver: Resolver
    let callouts: any CalloutClient
    let clock: any CertificateClock

    func present(_ challenge: PreparedChallenge) async throws(ACMEError) {
        try await change(.add, challenge)
        guard await clock.sleep(milliseconds: Int(clamping: propagation / 1_000_000)) else { throw .local("stopped") }
    }

    func withdraw(_ challenge: PreparedChallenge) async throws(ACMEError) { try await change(.remove, challenge) }

    private func change(_ change: DNSUpdate.Change, _ challenge: PreparedChallenge) async throws(ACMEError) {
        let value: String
        do throws(CryptoFailure) { value = try challenge.recordValue } catch { throw ACMEError(error) }
        switch provider {
        case .program(let path):
            let hook = ChallengeProgram(path: path)
            try await Offload.run { () throws(ACMEError) in try hook.run(change, challenge, value: value) }
        case .update(let settings):
            let address: SocketAddress
            do throws(ResolutionError) {
                guard let first = try await resolver.resolve(settings.host).addresses.first else { throw ResolutionError.notFound }
                address = .ip(first, port: settings.port)
            } catch {
                throw .challenge("the name server \(settings.host): \(error)")
            }
            let client = DNSUpdateClient(settings: settings, server: address), now = clock.now
            try await Offload.run { () throws(ACMEError) in
                try client.change(change, record: challenge.record, value: value, now: now)
            }
        case .webhook(let url, let token): try await post(change, challenge, value, to: url, token)
        }
    }

    private func post(
        _ change: DNSUpdate.Change, _ challenge: PreparedChallenge, _ value: String, to url: String, _ token: String?
    ) async throws(ACMEError) {
        var callout: Callout
        do throws(CalloutURLError) { callout = Callout(try CalloutURL(parsing: url)) } catch { throw .challenge("\(url): \(error.rawValue)") }
        callout.method = "POST"
        callout.headers = [("content-type", "application/json")]
        if let token { callout.headers.append(("authorization", "Bearer \(token)")) }
        let body: JSON = [
            "action": .string(change.word), "name": .string(challenge.name), "record": .string(challenge.record), "type": "TXT",
            "value": .string(value), "ttl": .number(JSONNumber(Int(DNSUpdate.timeToLive))),
        ]
        callout.body = body.bytes
        callout.timeout = .seconds(60)
        switch await callouts.send(callout, on: nil) {
        case .failure(let error): throw .challenge("the webhook \(callout.url.origin): \(error.detail)")
        case .success(let response):
            guard (200...299).contains(response.status) else { throw .challenge("the webhook \(callout.url.origin) answers \(response.status)") }
        }
    }
}

extension DNSUpdate.Change {
    /// As programs and webhooks are told.
    var word: String {
        switch self {
        case .add: "present"
        case .remove: "cleanup"
        }
    }
}
