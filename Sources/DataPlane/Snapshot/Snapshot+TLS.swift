import HTTPEngine
import Model
import Schema
import TLS

extension SnapshotCompiler {
    /// Reads the certificates of the listeners. Sessions that began before a reload can be gone on with, unless clients show
    /// certificates: who is let in may have changed.
    mutating func compileTLS(before: [String: TLSServerContext], source: (any CertificateSource)?) -> [String: TLSServerContext] {
        var contexts: [String: TLSServerContext] = [:]
        for (i, listener) in configuration.listeners.enumerated() {
            guard let tls = listener.tls else { continue }
            let path = "listeners[\(i)].tls", place = listener.$tls.position
            let settings = TLSServerSettings(tls, listener)
            let old = before[listener.name].flatMap { $0.settings.clients == .none && settings.clients == .none ? $0.tickets : nil }
            do throws(TLSError) {
                let context = try TLSServerContext(
                    settings, tickets: old ?? TicketKeys(), source: settings.hasSource ? source : nil,
                    answerToPlainHTTP: HTTPServer.plainHTTPAnswer)
                contexts[listener.name] = context
                for warning in context.warnings {
                    diagnostics.append(Diagnostic(.warning, at: place, path: path, warning.message, remedy: warning.remedy))
                }
            } catch {
                diagnostics.append(Diagnostic(.error, at: place, path: path, error.message, remedy: error.remedy))
            }
        }
        return contexts
    }
}

extension TLSServerSettings {
    init(_ tls: ListenerTLS, _ listener: Listener) {
        self.init()
        certificates = tls.certificates.compactMap { entry in
            guard let certificate = entry.certificate, let key = entry.key else { return nil }
            return CertificateFiles(certificate: certificate.path, key: key.path, status: entry.ocsp?.path)
        }
        hasSource = tls.needsSource
        minimumVersion = tls.minimumVersion == .tls13 ? .tls13 : .tls12
        if let ciphers = tls.ciphers { self.ciphers = ciphers }
        protocols = listener.protocolsOverTLS.map { $0 == .h2 ? .http2 : .http1 }
        let clients = tls.clientCertificates
        switch clients.mode {
        case .none: break
        case .optional: self.clients = .optional(authorities: clients.authorities?.path ?? "", revocations: clients.revocations?.path)
        case .required: self.clients = .required(authorities: clients.authorities?.path ?? "", revocations: clients.revocations?.path)
        }
    }
}
