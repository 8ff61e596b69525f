import Primitives

/// A certificate that the configuration wants to be there, whoever asked for it.
package struct AutomaticCertificate: Hashable, Sendable {
    /// Host names, or wildcards for one label.
    package var names: [String]
    package var issuer: String
}

extension Configuration {
    /// Every certificate that is to be had from an issuer: those that listeners list, and, with `tls.automatic`, one for each
    /// host of an API.
    package var automaticCertificates: [AutomaticCertificate] {
        guard let first = acme?.issuers.first else { return [] }
        var all: [AutomaticCertificate] = [], known: Set<AutomaticCertificate> = []
        func add(_ names: [String], _ issuer: String) {
            let certificate = AutomaticCertificate(names: names, issuer: issuer)
            if known.insert(certificate).inserted { all.append(certificate) }
        }
        for tls in listeners.compactMap(\.tls) {
            for entry in tls.certificates where !entry.names.isEmpty { add(entry.names.map(\.text), entry.acme ?? first.name) }
        }
        if listeners.contains(where: { $0.tls?.automatic == true }) {
            for host in apis.flatMap(\.hosts) where CertificateIssuer.canProve(host, by: first.challenge) { add([host.text], first.name) }
        }
        return all
    }

    /// Whether anything needs an issuer.
    package var usesIssuers: Bool {
        listeners.contains { $0.tls?.needsSource == true }
    }
}

extension ListenerTLS {
    /// Some of its certificates come while the listener serves.
    package var needsSource: Bool { automatic || certificates.contains { !$0.names.isEmpty } }
}

extension CertificateIssuer {
    /// Authorities issue for public names, and prove wildcards by DNS alone.
    static func canProve(_ host: HostPattern, by challenge: ACMEChallengeType) -> Bool {
        switch host {
        case .any: false
        case .exact(let name): name.contains(".") && HostName.isValid(name)
        case .wildcard(let suffix): challenge == .dns01 && suffix.contains(".") && HostName.isValid(suffix)
        }
    }
}
