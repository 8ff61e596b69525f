import Certificates
import Model
import Primitives
import Reactor
import Schema

extension CertificateServiceSettings {
    /// Nil: nothing needs an issuer.
    init?(_ configuration: Configuration) {
        guard let acme = configuration.acme, configuration.usesIssuers, let first = acme.issuers.first else { return nil }
        var onDemand: OnDemandSettings?
        if let settings = acme.onDemand, configuration.listeners.contains(where: { $0.tls?.automatic == true }) {
            onDemand = OnDemandSettings(settings, issuer: settings.issuer ?? first.name)
        }
        self.init(
            store: acme.store.path, issuers: acme.issuers.map { IssuerSettings($0) },
            certificates: configuration.automaticCertificates.map { WantedCertificate(names: $0.names, issuer: $0.issuer) },
            onDemand: onDemand)
    }
}

extension OnDemandSettings {
    fileprivate init(_ settings: OnDemandCertificates, issuer: String) {
        self.init(issuer: issuer)
        allow = settings.allow.map(\.text)
        ask = settings.ask
        limit = settings.limit
        window = settings.window.nanoseconds
    }
}

extension IssuerSettings {
    fileprivate init(_ issuer: CertificateIssuer) {
        self.init(name: issuer.name, directory: issuer.directory)
        authorities = issuer.authorities?.path
        contact = issuer.contact.map { "mailto:\($0)" }
        termsAgreed = issuer.termsAgreed
        externalAccount = issuer.externalAccount.flatMap { ExternalAccount(keyID: $0.keyId, encodedKey: $0.macKey) }
        keyKind = issuer.keyType == .rsa2048 ? .rsa2048 : .ecdsaP256
        renewal.share = issuer.renewal.after.fraction
        renewal.jitter = issuer.renewal.jitter.fraction
        renewal.asksAuthority = issuer.renewal.ask
        switch issuer.challenge {
        case .http01: challenge = .http
        case .tlsALPN01: challenge = .tls
        case .dns01:
            guard let dns = issuer.dns, let provider = DNSProvider(dns) else { break }
            challenge = .dns(provider, propagation: dns.propagation.nanoseconds)
        }
    }
}

extension DNSProvider {
    fileprivate init?(_ settings: DNSChallengeSettings) {
        if let program = settings.exec {
            self = .program(program.path)
        } else if let update = settings.rfc2136 {
            let (host, port): (String, UInt16)
            switch update.server {
            case .ip(let address, let number): (host, port) = (address.description, number)
            case .name(let name, let number): (host, port) = (name, number)
            case .unix, .service: return nil
            }
            var result = DNSUpdateSettings(host: host, port: port, zone: update.zone?.text)
            if let key = update.key {
                let secret = ByteBuffer()
                guard key.secret.withView({ Base64.decode($0, into: secret) }) else { return nil }
                result.key = TransactionKey(name: key.name.text, secret: secret.view.array)
            }
            self = .update(result)
        } else if let webhook = settings.webhook {
            self = .webhook(webhook.url, token: webhook.token)
        } else {
            return nil
        }
    }
}
