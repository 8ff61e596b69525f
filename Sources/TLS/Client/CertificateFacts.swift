package import Primitives

/// What a certificate says, as far as anybody here asks.
package struct CertificateFacts: Equatable, Sendable {
    package var names: [SubjectAltName] = []
    /// URIs among its names, those that can't be read included.
    package var uriCount = 0
    package var subject = ""
    package var issuer = ""
    /// RFC 3339, in UTC.
    package var notBefore = ""
    package var notAfter = ""
    /// It may sign others (`cA`).
    package var isAuthority = false
    package var usage = KeyUsage()

    /// What its key may be used for (RFC 5280 §4.2.1.3).
    package struct KeyUsage: Equatable, Sendable {
        package var isGiven = false
        package var signs = false
        package var signsCertificates = false
        package var signsLists = false
        package init() {}
    }

    package init() {}

    /// In a few words, for the one who has to mend it.
    package var summary: String {
        var text = "the certificate is for "
        text += names.isEmpty ? "no name" : names.prefix(8).map(\.description).joined(separator: ", ")
        if names.count > 8 { text += " and \(names.count - 8) more" }
        return text + "; issuer \(issuer); valid from \(notBefore) until \(notAfter)"
    }
}
