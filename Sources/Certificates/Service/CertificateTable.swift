internal import Primitives
internal import Reactor
private import Synchronization
package import TLS

/// Automatic certificates by name, as handshakes on all event loops find them.
package final class CertificateTable: CertificateSource {
    fileprivate struct State {
        var certificates = ServedCertificates()
        var onDemand: OnDemandSettings?
        /// Names whose validations by TLS-ALPN-01 may come.
        var validates: Set<String> = []
        var validations: [String: (certificate: Certificate, until: Instant)] = [:]
        /// Names that nobody may have now.
        var refused: [String: Instant] = [:]
        var service: CertificateService?
    }

    private let state = Mutex(State())

    /// How long a certificate of a validation is used before the store is looked at again. Authorities look from several
    /// places at a time.
    private static let validation: Nanoseconds = .seconds(5)
    /// Most names that are remembered as refused.
    private static let mostRefused = 10_000

    package init() {}

    // MARK: For handshakes

    package func lookUp(_ name: String, for purpose: CertificatePurpose) -> CertificateLookup {
        let now = Instant.now
        return state.withLock { state in
            switch purpose {
            case .validation:
                if let known = state.validations[name], now < known.until { return .certificate(known.certificate) }
                return state.service != nil && (state.validates.contains(name) || state.mayAskFor(name, now)) ? .later : .none
            case .service:
                let found = name.isEmpty ? state.certificates.first : state.certificates.find(name)
                if let found { return .certificate(found) }
                return state.service != nil && state.mayAskFor(name, now) ? .later : .none
            }
        }
    }

    package func prepare(_ name: String, for purpose: CertificatePurpose, done: @escaping @Sendable () -> Void) {
        guard let service = state.withLock({ $0.service }) else { return done() }
        service.prepare(name, for: purpose, done: done)
    }

    // MARK: For the service

    func serve(by service: CertificateService?) { state.withLock { $0.service = service } }

    func update(_ certificates: ServedCertificates, onDemand: OnDemandSettings?, validates: Set<String>) {
        state.withLock {
            $0.certificates = certificates
            $0.onDemand = onDemand
            $0.validates = validates
        }
    }

    func setValidation(_ certificate: Certificate?, for name: String) {
        let until = Instant.now + CertificateTable.validation
        state.withLock { state in
            state.validations = state.validations.filter { $0.value.until > .now }
            state.validations[name] = certificate.map { ($0, until) }
        }
    }

    func refuse(_ name: String, for duration: Nanoseconds) {
        let now = Instant.now
        state.withLock { state in
            if state.refused.count >= CertificateTable.mostRefused { state.refused = state.refused.filter { $0.value > now } }
            guard state.refused.count < CertificateTable.mostRefused else { return }
            state.refused[name] = now + duration
        }
    }

    func has(_ name: String) -> Bool { state.withLock { $0.certificates.find(name) != nil } }
}

extension CertificateTable.State {
    fileprivate func mayAskFor(_ name: String, _ now: Instant) -> Bool {
        guard let onDemand, HostName.isValid(name), OnDemandGate.allows(name, onDemand) else { return false }
        return refused[name].map { $0 <= now } ?? true
    }
}

/// Certificates by their names: exact ones, and wildcards for one label.
struct ServedCertificates: Sendable {
    /// For clients that name no host.
    var first: Certificate?
    private var exact: [String: Certificate] = [:]
    private var wildcard: [String: Certificate] = [:]

    mutating func add(_ certificate: Certificate, for names: [String]) {
        for name in names {
            if name.hasPrefix("*.") { wildcard[String(name.dropFirst(2))] = certificate } else { exact[name] = certificate }
        }
    }

    func find(_ name: String) -> Certificate? {
        if let certificate = exact[name] { return certificate }
        guard let dot = name.firstIndex(of: ".") else { return nil }
        return wildcard[String(name[name.index(after: dot)...])]
    }
}
