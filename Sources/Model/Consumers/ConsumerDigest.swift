import Schema

/// What is remembered of a configuration's consumers to tell what a later one changes: their names, and a hash of all that each says.
/// The settings themselves take a thousand bytes for each, and nobody needs them once the snapshot is compiled.
package struct ConsumerDigest: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let name: String
        /// Seeded by the process, so it is for comparing within it alone.
        let hash: Int
    }

    private let entries: ContiguousArray<Entry>

    package init(_ consumers: [ConsumerSettings]) {
        var entries: ContiguousArray<Entry> = []
        entries.reserveCapacity(consumers.count)
        for consumer in consumers {
            var hasher = Hasher()
            consumer.hash(into: &hasher)
            entries.append(Entry(name: consumer.name, hash: hasher.finalize()))
        }
        self.entries = entries
    }

    /// What `new` has that this one has not, and the other way round. The order does not count.
    package func changes(to new: ConsumerDigest) -> ConfigurationDiff.Changes {
        var result = ConfigurationDiff.Changes()
        if self == new { return result }
        var before = Dictionary(entries.map { ($0.name, $0.hash) }, uniquingKeysWith: { first, _ in first })
        for entry in new.entries {
            switch before.removeValue(forKey: entry.name) {
            case nil: result.added.append(entry.name)
            case .some(let hash): if hash != entry.hash { result.changed.append(entry.name) }
            }
        }
        result.removed = entries.map(\.name).filter { before[$0] != nil }
        return result
    }
}

extension ConsumerSettings {
    fileprivate func hash(into hasher: inout Hasher) {
        hasher.combine(groups)
        attributes.hash(into: &hasher)
        hasher.combine(plans)
        hasher.combine(enabled)
        hasher.combine(credentials.count)
        for credential in credentials { credential.hash(into: &hasher) }
        for application in applications { application.hash(into: &hasher) }
    }
}

extension ApplicationSettings {
    fileprivate func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(groups)
        attributes.hash(into: &hasher)
        hasher.combine(plans)
        hasher.combine(enabled)
        hasher.combine(credentials.count)
        for credential in credentials { credential.hash(into: &hasher) }
    }
}

extension Credential {
    fileprivate func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(plans)
        hasher.combine(expires?.seconds)
        hasher.combine(enabled)
        hasher.combine(apiKey?.text)
        hasher.combine(apiKeyHash)
        hasher.combine(basic?.username)
        hasher.combine(basic?.passwordHash)
        hasher.combine(jwtClaim?.name)
        hasher.combine(jwtClaim?.value)
        hasher.combine(jwtClaim?.issuer)
        hasher.combine(certificate?.subject)
        hasher.combine(certificate?.san)
        hasher.combine(certificate?.spiffe)
        hasher.combine(certificate?.fingerprint)
        hasher.combine(hmac?.keyId)
        hasher.combine(hmac?.secret.text)
    }
}

extension OrderedMap<String> {
    fileprivate func hash(into hasher: inout Hasher) {
        hasher.combine(entries.count)
        for entry in entries {
            hasher.combine(entry.key)
            hasher.combine(entry.value)
        }
    }
}
