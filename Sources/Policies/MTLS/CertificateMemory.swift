import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor

/// A certificate that gets in, and as whom.
final class KnownCertificate: Sendable {
    let certificate: ClientCertificate
    let principal: Principal

    init(_ certificate: ClientCertificate, _ principal: Principal) {
        self.certificate = certificate
        self.principal = principal
    }
}

/// What one event loop knows of the certificates that it has seen.
struct CertificateMemory {
    /// A certificate of which nothing is known yet.
    struct Attempt: Sendable {
        let certificate: ClientCertificate
        /// What stands for it in the memory.
        let place: CredentialKey
        /// What its consumer may be known by, in turn.
        let names: [IdentityKey]
    }

    enum Look {
        case none
        /// A proxy passes on what is no certificate, or several.
        case malformed
        case known(KnownCertificate)
        case refused
        case unknown(Attempt)
    }

    private let keys: IdentityKeyMaker?
    private var cache: CredentialCache<KnownCertificate>

    init(lifetime: Nanoseconds) {
        keys = try? IdentityKeyMaker()
        cache = CredentialCache(capacity: 4096, accepted: lifetime, refused: min(lifetime, .seconds(10)))
    }

    mutating func look(_ exchange: Exchange, _ place: CertificatePlace, _ forms: [CertificateName]) -> Look {
        guard place != .connection else {
            guard let certificate = exchange.certificate else { return .none }
            let key = CertificateMemory.key(certificate.digest)
            return known(key, exchange) ?? attempt(certificate, key, forms)
        }
        // What a peer says that nobody trusts, anybody could have said.
        guard exchange.client.isTrusted else { return .none }
        let known: KnownField = place == .clientCert ? .clientCert : .xForwardedClientCert
        var field: ByteView?
        var count = 0
        exchange.request.fields.forEach(named: ByteView(known.name)) { value in
            field = value
            count += 1
            return true
        }
        // Of several lines of a list the last is the nearest proxy's.
        guard let field, !field.isEmpty else { return .none }
        guard count == 1 || place == .xForwardedClientCert else { return .malformed }
        guard let key = keys?.apiKey(field)?.digest else { return .malformed }
        if let look = self.known(key, exchange) { return look }
        let certificate = place == .clientCert ? ForwardedCertificate.clientCert(field) : ForwardedCertificate.xForwardedClientCert(field)
        guard let certificate else { return .malformed }
        return attempt(certificate, key, forms)
    }

    mutating func remember(_ verdict: CredentialVerdict<KnownCertificate>, _ attempt: Attempt, _ exchange: Exchange) {
        cache.remember(verdict, for: attempt.place, now: exchange.loop.now)
    }

    private mutating func known(_ key: CredentialKey, _ exchange: Exchange) -> Look? {
        switch cache.verdict(of: key, now: exchange.loop.now) {
        case .accepted(let known): .known(known)
        case .refused: .refused
        case nil: nil
        }
    }

    private func attempt(_ certificate: ClientCertificate, _ place: CredentialKey, _ forms: [CertificateName]) -> Look {
        guard let keys else { return .malformed }
        let names = forms.flatMap { form -> [IdentityKey?] in
            switch form {
            case .fingerprint: certificate.digest.isEmpty ? [] : [certificate.digest.withView { keys.certificate(.fingerprint, $0) }]
            case .spiffe: certificate.spiffe.map { [$0.description.withView { keys.certificate(.spiffe, $0) }] } ?? []
            case .san: certificate.names.map { $0.text.withView { keys.certificate(.san, $0) } }
            case .subject: certificate.subject.isEmpty ? [] : [certificate.subject.withView { keys.certificate(.subject, $0) }]
            }
        }
        return .unknown(Attempt(certificate: certificate, place: place, names: names.compactMap { $0 }))
    }

    /// 32 bytes as they are; a certificate's digest is as good a key as any.
    private static func key(_ digest: [UInt8]) -> CredentialKey {
        func word(_ at: Int) -> UInt64 { digest.dropFirst(at).prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
        return CredentialKey(words: (word(0), word(8), word(16), word(24)))
    }
}
