internal import COpenSSL
private import Glibc

/// The accepting side of TLS for one listener: immutable, shared by all event loops.
///
/// Each set of certificates for the same names has an `SSL_CTX` of its own; the client's server name chooses.
@safe
package final class TLSServerContext: @unchecked Sendable {
    package let settings: TLSServerSettings
    package let tickets: TicketKeys
    /// What is worth a warning, such as a certificate that has expired.
    package private(set) var warnings: [TLSError] = []
    /// What whoever speaks plain HTTP is told, as bytes of HTTP.
    private let answerToPlainHTTP: StaticString?

    private(set) var sets: [CertificateSet] = []
    private(set) var names = ServerNames()
    let protocols: [UInt8]
    /// Certificates that come while the listener serves.
    package let source: (any CertificateSource)?

    /// Reads the files and makes the contexts.
    ///
    /// - Parameter tickets: of the context that this one replaces.
    package init(
        _ settings: TLSServerSettings, tickets: TicketKeys = TicketKeys(), source: (any CertificateSource)? = nil,
        answerToPlainHTTP: StaticString? = nil
    ) throws(TLSError) {
        self.settings = settings
        self.source = source
        self.tickets = tickets
        self.answerToPlainHTTP = answerToPlainHTTP
        protocols = ApplicationProtocol.wire(settings.protocols)
        var groups: [[Certificate]] = []
        for files in settings.certificates {
            let certificate = try Certificate(files)
            if let warning = certificate.warning { warnings.append(warning) }
            // RSA and ECDSA side by side: the client takes the one that it knows.
            let partner = groups.firstIndex { group in
                !certificate.names.isEmpty && group[0].names.sorted() == certificate.names.sorted()
                    && !group.contains { $0.kind == certificate.kind }
            }
            if let partner { groups[partner].append(certificate) } else { groups.append([certificate]) }
        }
        guard !groups.isEmpty || settings.hasSource else { throw TLSError("a certificate is needed") }
        for group in groups.isEmpty ? [[]] : groups {
            let set = try CertificateSet(group, settings)
            install(in: set)
            names.add(group.first?.names ?? [], sets.count)
            sets.append(set)
        }
        // Whatever certificates a connection gets later, it begins with the first set.
        if source != nil { installSource(in: sets[0]) }
    }

    /// A stream for a connection that was accepted. Nil when memory is short.
    package func stream() -> TLSStream? {
        guard let ssl = unsafe SSL_new(sets[0].context) else { return nil }
        unsafe SSL_set_accept_state(ssl)
        unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        let stream = unsafe TLSStream(taking: ssl, owner: self)
        stream?.answerToPlainHTTP = answerToPlainHTTP
        if source != nil, let stream, !stream.attach() { return nil }
        return stream
    }
}
