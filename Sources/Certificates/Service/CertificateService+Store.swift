internal import Primitives
internal import Reactor
internal import TLS

/// What is in the store, and what of it is served.
extension CertificateService {
    /// Looks at the store again when something has changed there.
    func refresh(_ store: CertificateStore) {
        let changes = store.changes()
        guard seenChanges != changes else { return }
        seenChanges = changes
        reload(store)
    }

    /// Takes over every certificate that the settings name or allow. Others stay in the store, and are not served.
    func reload(_ store: CertificateStore) {
        guard let settings else { return }
        let stored = store.records()
        var next: [String: CertificateRecord] = [:]
        for wanted in settings.certificates {
            guard let id = try? CertificateStore.id(of: wanted) else { continue }
            next[id] = stored[id] ?? CertificateRecord(wanted)
            next[id]?.isOnDemand = false
        }
        if let onDemand = settings.onDemand {
            for (id, record) in stored where next[id] == nil && record.isOnDemand && record.wanted.issuer == onDemand.issuer {
                if record.wanted.names.allSatisfy({ OnDemandGate.allows($0, onDemand) }) { next[id] = record }
            }
        }
        records = next
        load(store)
        publish()
    }

    private func load(_ store: CertificateStore) {
        var served = ServedCertificates()
        var kept: [String: (version: String, certificate: Certificate)] = [:]
        for (id, record) in records {
            guard let version = record.version else { continue }
            if let known = loaded[id], known.version == version {
                kept[id] = known
            } else {
                do throws(TLSError) {
                    let files = CertificateFiles(certificate: store.certificatePath(id, version), key: store.keyPath(id, version))
                    kept[id] = (version, try Certificate(files))
                } catch {
                    report(.unusable(names: record.wanted.names, error: error.description))
                    records[id]?.lastError = error.description
                    records[id]?.failures = max(1, record.failures)
                    // What was served goes on.
                    kept[id] = loaded[id]
                }
            }
            if let certificate = kept[id]?.certificate { served.add(certificate, for: record.wanted.names) }
        }
        loaded = kept
        served.first =
            (settings?.certificates ?? []).lazy.compactMap { try? CertificateStore.id(of: $0) }.compactMap { kept[$0]?.certificate }
            .first
        let validates = settings?.issuers.contains { $0.challenge == .tls } == true ? Set(records.values.flatMap(\.wanted.names)) : []
        table.update(served, onDemand: settings?.onDemand, validates: validates)
    }

    /// Changes a record in the store, and tells the other gateways unless it is of no interest to them.
    func keep(_ record: CertificateRecord, _ id: String, _ store: CertificateStore, announces: Bool = true) {
        let isCurrent = seenChanges == store.changes()
        attempt { () throws(SystemError) in
            try store.write(record, id)
            if announces { try store.noteChange() }
        }
        guard self.store?.folder.path == store.folder.path else { return }
        // Should the store be full, the gateway at least remembers by itself not to ask all the time.
        records[id] = record
        guard isCurrent else { return refresh(store) }
        // Nobody else has changed anything: there is no need to read it all again.
        seenChanges = store.changes()
        load(store)
        publish()
    }
}
