package import GatewayCore
import Identity
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Lets in who has shown a certificate: to the listener, or to a trusted proxy that passes it on.
///
/// What an event loop has found out about a certificate it remembers, so an exchange whose certificate is known costs no task.
package final class MTLS: Policy, AsyncRequestPolicy {
    package struct Config: Settings {
        @Setting("Who has seen the certificate: the listener, or a trusted proxy that passes it on in this field.")
        package var from: CertificatePlace = .connection

        @Setting("By what a certificate is looked up among the consumers' credentials, in turn.")
        package var by: [CertificateName] = [.fingerprint, .spiffe, .san, .subject]

        @Setting("`optional` lets good certificates in that belong to no consumer; `authorize` can say then which.")
        package var consumer: ConsumerNeed = .required

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        @Setting(
            "How long a consumer of the database is remembered, and so how long one that is switched off still gets in. The file's follow the file.",
            .milliseconds(1) ... .seconds(86_400))
        package var cache: Duration = .seconds(10)

        package static var about: String { "Lets in who has shown a client certificate, and finds the consumer that it belongs to." }
        package init() {}
    }

    package static let id = "mtls"
    package static let example = """
        mtls: { from: x-forwarded-client-cert, by: [spiffe, san] }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .credentialsInvalid, .identityUnavailable]
    package static var provides: [Fact] { [.consumer] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    private let place: CertificatePlace
    private let forms: [CertificateName]
    private let needsConsumer: Bool
    private let challenge: Challenge
    private let identities: IdentityDirectory
    private let memory: LoopLocal<CertificateMemory>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        place = config.from
        forms = config.by
        needsConsumer = config.consumer == .required
        guard !forms.isEmpty || !needsConsumer else {
            throw PolicyError("nothing says how a certificate's consumer is found", at: config.$by.position, path: "by")
        }
        try Challenge.check(realm: config.$realm)
        challenge = Challenge(scheme: "Certificate", [("realm", config.realm)])
        identities = context.identities
        let lifetime = config.cache.nanoseconds
        do throws(CryptoError) { _ = try IdentityKeyMaker() } catch { throw PolicyError("certificates can't be looked up: \(error)") }
        memory = LoopLocal(loops: context.loops) { CertificateMemory(lifetime: lifetime) }
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch read(exchange) {
        case .decided(let verdict): verdict
        case .unknown: nil
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let attempt: CertificateMemory.Attempt
        switch read(exchange) {
        // Another exchange has asked for the same meanwhile.
        case .decided(let verdict): return verdict
        case .unknown(let found): attempt = found
        }
        for key in attempt.names {
            switch await identities.find(key) {
            case .found(let record) where record.counts(at: exchange.unixSeconds): return settle(attempt, record, exchange)
            case .unavailable: return .refuse(.identityUnavailable)
            case .found, .none: break
            }
        }
        return settle(attempt, nil, exchange)
    }

    private enum Reading {
        case decided(Verdict)
        /// The database has to be asked.
        case unknown(CertificateMemory.Attempt)
    }

    private func read(_ exchange: Exchange) -> Reading {
        let attempt: CertificateMemory.Attempt
        switch memory[exchange].look(exchange, place, forms) {
        case .none: return .decided(challenge.refuse(.credentialsMissing, exchange, "This needs a client certificate."))
        case .malformed, .refused: return .decided(refuse(exchange))
        case .known(let known): return .decided(accept(known, exchange))
        case .unknown(let found): attempt = found
        }
        for key in attempt.names {
            switch identities.findNow(key) {
            case nil: return .unknown(attempt)
            case .found(let record) where record.counts(at: exchange.unixSeconds): return .decided(settle(attempt, record, exchange))
            case .found, .none?, .unavailable: break
            }
        }
        return .decided(settle(attempt, nil, exchange))
    }

    /// All that there is to know is known.
    private func settle(_ attempt: CertificateMemory.Attempt, _ record: CredentialRecord?, _ exchange: Exchange) -> Verdict {
        guard record != nil || !needsConsumer else {
            memory[exchange].remember(.refused, attempt, exchange)
            return refuse(exchange)
        }
        let certificate = attempt.certificate
        let expires = [certificate.notAfter.map { Int($0) }, record?.expires].compactMap { $0 }.min()
        let principal = Principal(method: MTLS.id, subject: record?.id ?? certificate.name, consumer: record?.consumer, expires: expires)
        let known = KnownCertificate(certificate, principal)
        memory[exchange].remember(.accepted(known), attempt, exchange)
        return accept(known, exchange)
    }

    private func accept(_ known: KnownCertificate, _ exchange: Exchange) -> Verdict {
        guard known.principal.counts(at: exchange.unixSeconds) else { return refuse(exchange) }
        exchange.identify(known.principal)
        if place != .connection { exchange.forwardedCertificate = known.certificate }
        return .proceed
    }

    private func refuse(_ exchange: Exchange) -> Verdict {
        challenge.refuse(.credentialsInvalid, exchange, "The client certificate is not accepted.")
    }
}

/// Who has seen the certificate.
package enum CertificatePlace: String, SettingChoice {
    case connection
    case xForwardedClientCert = "x-forwarded-client-cert"
    case clientCert = "client-cert"
}

/// What a certificate is known by.
package enum CertificateName: String, SettingChoice {
    case fingerprint, spiffe, san, subject
}

package enum ConsumerNeed: String, SettingChoice {
    case required, optional
}

extension ClientCertificate {
    /// What to call its owner.
    fileprivate var name: String { spiffe?.description ?? names.first?.text ?? subject }
}
