import Certificates
import Logging
import Model
import Schema
import Synchronization

/// Automatic certificates of a gateway.
extension Gateway {
    /// Starts, changes or leaves idle what gets certificates, and waits a moment for those that the store has.
    func applyCertificates(_ configuration: Configuration) throws(ApplyError) {
        let settings = CertificateServiceSettings(configuration)
        guard let service = state.withLock({ $0.certificates }) else {
            guard let settings else { return }
            do {
                let service = try CertificateService(table: certificates, board: GossipBoard(gossip: gossip), report: { CertificateLog.write($0) })
                state.withLock { $0.certificates = service }
                return service.apply(settings)
            } catch {
                throw ApplyError(Diagnostic(.error, at: configuration.$acme.position, path: "acme", "automatic certificates can't be had: \(error)"))
            }
        }
        service.apply(settings)
    }
}

/// What becomes of certificates, for the one who runs the gateway.
enum CertificateLog {
    private static let log = Logger(label: "certificates")

    static func write(_ event: CertificateEvent) {
        switch event {
        case .issued(let names, let issuer, let expires):
            log.info("certificate issued", metadata: ["names": "\(text(names))", "issuer": "\(issuer)", "expires": "\(expires)"])
        case .failed(let names, let issuer, let error, let retry):
            log.error("no certificate: \(error)", metadata: ["names": "\(text(names))", "issuer": "\(issuer)", "next": "\(retry)"])
        case .unusable(let names, let error):
            log.error("a certificate of the store can't be used: \(error)", metadata: ["names": "\(text(names))"])
        case .storeFailed(let error): log.error("the store of certificates: \(error)")
        case .limited(let name):
            log.warning("acme.onDemand.limit is reached: names are refused", metadata: ["name": "\(name)"])
        case .began(let leads): log.info(leads ? "this gateway asks for certificates" : "another gateway asks for certificates")
        }
    }

    private static func text(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
}
