internal import GatewayCore
internal import Primitives
internal import Reactor
internal import TLS

/// Handshakes that wait for the certificate of one name.
struct WaitingHandshakes {
    var since: Instant
    var done: [@Sendable () -> Void] = []
}

/// Certificates that somebody asks for in a handshake.
extension CertificateService {
    /// Handshakes that wait at a time, and names that they wait for; others are refused at once.
    private static let mostWaiting = 256, mostNames = 64
    private static let longestWait: Nanoseconds = .seconds(60)
    /// How long a name is refused that `ask` does not allow.
    private static let refusal: Nanoseconds = .seconds(60)

    func prepare(_ name: String, for purpose: CertificatePurpose, done: @escaping @Sendable () -> Void) {
        loop.post { [self] in
            switch purpose {
            case .validation:
                showValidation(name)
                done()
            case .service: wait(for: name, done)
            }
        }
    }

    private func showValidation(_ name: String) {
        guard HostName.isValid(name), let text = challenge("tls-alpn-01", name) else { return table.setValidation(nil, for: name) }
        table.setValidation(try? ValidationCertificate.make(for: name, keyAuthorization: text), for: name)
    }

    private func wait(for name: String, _ done: @escaping @Sendable () -> Void) {
        guard let store, let onDemand = settings?.onDemand, HostName.isValid(name), OnDemandGate.allows(name, onDemand), !table.has(name),
            waiting.values.reduce(0, { $0 + $1.done.count }) < CertificateService.mostWaiting
        else { return done() }
        if waiting[name] != nil {
            waiting[name]?.done.append(done)
            return
        }
        guard waiting.count < CertificateService.mostNames else { return done() }
        waiting[name] = WaitingHandshakes(since: .now, done: [done])
        Task(executorPreference: loop) { [self] in
            guard await isAllowed(name, onDemand) else {
                table.refuse(name, for: CertificateService.refusal)
                return finish(name)
            }
            attempt { () throws(SystemError) in try store.wish(name) }
            if wasLeading { work(store) }
            lookAfterHandshakes()
        }
    }

    /// Whether the one whom the settings name lets the name have a certificate.
    func isAllowed(_ name: String, _ onDemand: OnDemandSettings) async -> Bool {
        guard let ask = onDemand.ask else { return true }
        let separator = ask.contains("?") ? "&" : "?"
        guard let url = try? CalloutURL(parsing: "\(ask)\(separator)domain=\(name)"), let callouts = try? callouts(trusting: nil) else {
            return false
        }
        guard case .success(let response) = await callouts.send(Callout(url), on: nil) else { return false }
        return (200...299).contains(response.status)
    }

    /// Makes certificates of the names that gateways have wished for.
    func fulfilWishes(_ store: CertificateStore) {
        guard let onDemand = settings?.onDemand else { return }
        for name in store.wishes() {
            defer { store.fulfilled(name) }
            let wanted = WantedCertificate(names: [name], issuer: onDemand.issuer)
            guard HostName.isValid(name), OnDemandGate.allows(name, onDemand), let id = try? CertificateStore.id(of: wanted),
                records[id]?.version == nil, busy[id] == nil, records[id].map({ clock.now >= $0.retryAt }) ?? true
            else { continue }
            guard gate?.take(now: .now) == true else {
                limitReached(name)
                continue
            }
            granted.insert(id)
            if records[id] != nil { continue }
            var record = CertificateRecord(wanted)
            record.isOnDemand = true
            keep(record, id, store)
        }
    }

    /// Nothing of it is kept: names that strangers make up must not fill the store.
    private func limitReached(_ name: String) {
        table.refuse(name, for: CertificateService.refusal)
        finish(name)
        let now = Instant.now
        guard limitReported.map({ now - $0 >= CertificateService.refusal }) ?? true else { return }
        limitReported = now
        report(.limited(name: name))
    }

    /// Forgets names that could not be had for a day, and certificates that nobody has renewed for a month.
    func sweep(_ store: CertificateStore, _ now: Int64) {
        for (id, record) in records where record.isOnDemand && busy[id] == nil {
            let since = record.version == nil ? record.retryAt + 86_400 : record.notAfter + 30 * 86_400
            if now > since { store.remove(id) }
        }
    }

    /// Goes on with the handshakes that have waited long enough, or for names that have come to a result.
    func lookAfterHandshakes() {
        let now = clock.now
        for (name, handshakes) in waiting {
            let record = settings?.onDemand.flatMap { try? CertificateStore.id(of: WantedCertificate(names: [name], issuer: $0.issuer)) }
                .flatMap { records[$0] }
            if table.has(name) {
                finish(name)
            } else if let record, record.retryAt > now {
                table.refuse(name, for: .seconds(Int(min(record.retryAt - now, 86_400))))
                finish(name)
            } else if Instant.now - handshakes.since > CertificateService.longestWait {
                finish(name)
            }
        }
    }

    func finish(_ name: String) {
        guard let handshakes = waiting.removeValue(forKey: name) else { return }
        for done in handshakes.done { done() }
    }
}
