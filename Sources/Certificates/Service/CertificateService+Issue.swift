internal import GatewayCore
internal import HTTPEngine
internal import Primitives
internal import Reactor
internal import TLS

/// What the leader does.
extension CertificateService {
    /// Begins everything that is due.
    func work(_ store: CertificateStore) {
        fulfilWishes(store)
        let now = clock.now
        let due = records.filter { id, record in
            busy[id] == nil && issuer(record.wanted.issuer).map { record.isDue($0.renewal, now: now) } == true
        }
        for (id, record) in due.sorted(by: { $0.value.retryAt < $1.value.retryAt }) {
            guard busy.count < CertificateService.mostBusy, let issuer = issuer(record.wanted.issuer) else { break }
            // What nobody asks for any more is not tried again.
            if record.isOnDemand, record.version == nil, granted.remove(id) == nil { continue }
            busy[id] = Task(executorPreference: loop) { [self] in
                await issue(id, record, issuer, store)
                busy[id] = nil
                lookAfterHandshakes()
            }
        }
        askAuthority(store, now)
        if now >= sweepAt {
            sweepAt = now + 3600
            sweep(store, now)
        }
    }

    func issuer(_ name: String) -> IssuerSettings? { settings?.issuers.first { $0.name == name } }

    private func issue(_ id: String, _ before: CertificateRecord, _ issuer: IssuerSettings, _ store: CertificateStore) async {
        var record = before
        let fraction = Double.random(in: 0..<1)
        do throws(ACMEError) {
            if record.isOnDemand, let onDemand = settings?.onDemand, let name = record.wanted.names.first,
                !(await isAllowed(name, onDemand))
            {
                throw .local("`ask` does not allow the name")
            }
            try probe(record, id, store)
            let key = try makeKey(issuer.keyKind)
            let client = try client(for: issuer, store)
            try await openAccount(client, store)
            let issuance = Issuance(
                client: client, solver: try solver(for: issuer, store), names: record.wanted.names, replaces: record.renewalID)
            let chain = try await issuance.run(key: key)
            let issued = try check(chain, key, record.wanted)
            let version = String(issued.serial.prefix(40))
            try keepFiles(chain, key, id, version, before.version, store)
            record.succeeded(issued, version: version, fraction: fraction)
            keep(record, id, store)
            report(.issued(names: record.wanted.names, issuer: issuer.name, expires: CivilTime.text(issued.notAfter)))
        } catch {
            guard !Task.isCancelled else { return }
            record.failed(error, now: clock.now, fraction: fraction)
            keep(record, id, store)
            report(
                .failed(
                    names: record.wanted.names, issuer: issuer.name, error: error.description, retryAt: CivilTime.text(record.retryAt)))
        }
    }

    /// A store that can't be written must not cost a certificate that would be lost.
    private func probe(_ record: CertificateRecord, _ id: String, _ store: CertificateStore) throws(ACMEError) {
        do throws(SystemError) { try store.write(record, id) } catch { throw .local(error.description) }
    }

    private func makeKey(_ kind: KeyKind) throws(ACMEError) -> PrivateKey {
        do throws(CryptoFailure) { return try PrivateKey.make(kind) } catch { throw ACMEError(error) }
    }

    private func check(_ chain: [UInt8], _ key: PrivateKey, _ wanted: WantedCertificate) throws(ACMEError) -> IssuedCertificate {
        let issued: IssuedCertificate
        do throws(CryptoFailure) { issued = try IssuedCertificate(chain: chain, key: key) } catch { throw .malformed(error.description) }
        let missing = Set(wanted.names).subtracting(issued.names)
        guard missing.isEmpty else { throw .malformed("the certificate is not for \(missing.sorted().joined(separator: ", "))") }
        return issued
    }

    private func keepFiles(
        _ chain: [UInt8], _ key: PrivateKey, _ id: String, _ version: String, _ before: String?, _ store: CertificateStore
    ) throws(ACMEError) {
        do throws(SystemError) {
            try store.write(chain: chain, key: key, id, version)
        } catch {
            throw .local(error.description)
        }
        store.removeFiles(of: id, but: [version] + (before.map { [$0] } ?? []))
    }

    // MARK: Authorities

    func client(for issuer: IssuerSettings, _ store: CertificateStore) throws(ACMEError) -> ACMEClient {
        if let client = clients[issuer.name] { return client }
        let client = ACMEClient(
            issuer, key: try store.accountKey(issuer.name), callouts: try callouts(trusting: issuer.authorities), clock: clock)
        client.account = store.account(issuer)?.url
        clients[issuer.name] = client
        return client
    }

    /// Finds or makes the account, and tells its server of another contact.
    private func openAccount(_ client: ACMEClient, _ store: CertificateStore) async throws(ACMEError) {
        let before = store.account(client.settings)
        let url = try await client.openAccount()
        let account = StoredAccount(url: url, contact: client.settings.contact)
        guard account != before else { return }
        if before?.url == url { try await client.updateContact() }
        do throws(SystemError) { try store.keep(account, of: client.settings) } catch { throw .local(error.description) }
    }

    /// - Parameter authorities: a PEM file; nil trusts the system's.
    func callouts(trusting authorities: String?) throws(ACMEError) -> FetchCallouts {
        if authorities == nil, let systemCallouts { return systemCallouts }
        let callouts = try makeCallouts(trusting: authorities)
        if authorities == nil { systemCallouts = callouts }
        return callouts
    }

    private func makeCallouts(trusting authorities: String?) throws(ACMEError) -> FetchCallouts {
        var settings = TLSClientSettings()
        settings.authorities = authorities
        do throws(TLSError) {
            return FetchCallouts(fetcher: fetcher, resolver: resolver, tls: try TLSClientContext(settings))
        } catch {
            throw .local(error.description)
        }
    }

    private func solver(for issuer: IssuerSettings, _ store: CertificateStore) throws(ACMEError) -> any ChallengeSolver {
        guard case .dns(let provider, let propagation) = issuer.challenge else {
            return StoreSolver(store: store, board: board, type: issuer.challenge.type)
        }
        return DNSSolver(
            provider: provider, propagation: propagation, resolver: resolver, callouts: try callouts(trusting: nil), clock: clock)
    }

    /// Asks one authority when it would like one of its certificates to be renewed.
    private func askAuthority(_ store: CertificateStore, _ now: Int64) {
        guard !isAsking,
            let (id, record) = records.first(where: { id, record in
                record.renewalID != nil && now >= record.askAt && busy[id] == nil && !silent.contains(record.wanted.issuer)
                    && issuer(record.wanted.issuer)?.renewal.asksAuthority == true
            }), let issuer = issuer(record.wanted.issuer), let renewalID = record.renewalID
        else { return }
        isAsking = true
        Task(executorPreference: loop) { [self] in
            defer { isAsking = false }
            var asked = record
            asked.askAt = clock.now + Int64(RenewalInformation.usualPause)
            do throws(ACMEError) {
                guard let information = try await client(for: issuer, store).renewalInformation(renewalID) else {
                    // This authority has no wishes: it is not asked for other certificates either.
                    silent.insert(issuer.name)
                    return
                }
                asked.window = information.window
                asked.askAt = clock.now + Int64(information.askAgainAfter)
            } catch {
                // The schedule goes without, and it is asked again later.
            }
            // A certificate that was renewed meanwhile has another window.
            guard busy[id] == nil, records[id]?.renewalID == renewalID else { return }
            keep(asked, id, store, announces: asked.window != record.window)
        }
    }
}
