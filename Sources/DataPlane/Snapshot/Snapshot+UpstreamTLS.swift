import Model
import Schema
import TLS
import Upstreams

extension SnapshotCompiler {
    /// Contexts whose settings and files are as before are kept, and with them connections and sessions.
    mutating func compileUpstreams(loops: Int, before: Snapshot?) -> [CompiledUpstream] {
        var known: [String: (UpstreamTLS, TLSClientContext)] = [:]
        for (model, compiled) in zip(before?.configuration.upstreams ?? [], before?.upstreams ?? []) {
            if let settings = model.tls, let context = compiled.tls { known[model.name] = (settings, context) }
        }
        return configuration.upstreams.enumerated().map { index, upstream in
            let state = before?.upstreams.first { $0.settings.name == upstream.name }?.state
            var compiled = CompiledUpstream(upstream, breaker: condition(of: upstream, "upstreams[\(index)]"), loops: loops, before: state)
            guard let tls = upstream.tls else { return compiled }
            let settings = TLSClientSettings(tls, protocols: upstream.protocol.overTLS)
            if let (model, context) = known[upstream.name], model == tls, context.settings == settings {
                compiled.tls = context
                return compiled
            }
            do throws(TLSError) {
                compiled.tls = try TLSClientContext(settings)
            } catch {
                diagnostics.append(
                    Diagnostic(.error, at: upstream.$tls.position, path: "upstreams[\(index)].tls", error.message, remedy: error.remedy))
            }
            return compiled
        }
    }
}

extension TLSClientSettings {
    init(_ tls: UpstreamTLS, protocols: [ApplicationProtocol]) {
        self.init()
        serverName = tls.serverName?.text
        authorities = tls.authorities?.path
        certificate = tls.certificate?.path
        key = tls.key?.path
        subjectAltNames = tls.subjectAltNames
        spiffe = tls.spiffe.map { SPIFFEPeer(trustDomain: $0.trustDomain.text, ids: $0.ids) }
        minimumVersion = tls.minimumVersion == .tls13 ? .tls13 : .tls12
        verifies = tls.verify
        self.protocols = protocols
    }
}

extension UpstreamProtocol {
    /// What is offered in a handshake, the preferred first.
    var overTLS: [ApplicationProtocol] {
        switch self {
        case .http1: [.http1]
        case .h2, .h2c: [.http2]
        case .auto: [.http2, .http1]
        }
    }
}
