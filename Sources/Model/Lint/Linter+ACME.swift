import Primitives
import Schema

extension Linter {
    mutating func checkACME(_ configuration: Configuration) {
        guard let acme = configuration.acme else { return }
        checkNames(acme.issuers.map(\.$name), of: "acme.issuers")
        if acme.issuers.isEmpty {
            error(acme.$issuers.position, "acme.issuers", "at least one issuer is needed", remedy: "`{ name: letsencrypt, termsAgreed: true }`")
        }
        for (i, issuer) in acme.issuers.enumerated() { check(issuer, "acme.issuers[\(i)]", configuration) }
        if acme.store.name.isEmpty { error(acme.$store.position, "acme.store", "a folder is needed") }
        if let onDemand = acme.onDemand { check(onDemand, acme, configuration) }
        if !configuration.usesIssuers {
            warning(
                configuration.$acme.position, "acme", "no listener has automatic certificates",
                remedy: "set `tls: { automatic: true }`, or list `{ names: [www.example.com] }` under `tls.certificates`")
        }
    }

    // MARK: Issuers

    private mutating func check(_ issuer: CertificateIssuer, _ path: String, _ configuration: Configuration) {
        if !issuer.name.utf8.allSatisfy({ ASCII.isDigit($0) || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || "-_".utf8.contains($0) }) {
            error(issuer.$name.position, "\(path).name", "the name of an issuer becomes that of a folder", remedy: "use letters, digits, - and _")
        }
        checkURL(issuer.$directory, "\(path).directory")
        if issuer.directory.hasPrefix("http://") {
            warning(issuer.$directory.position, "\(path).directory", "whoever is on the way can take the authority's place", remedy: "use https")
        }
        if let authorities = issuer.authorities, !authorities.isReadable {
            error(
                issuer.$authorities.position, "\(path).authorities", "the file \(authorities.path) can't be read",
                remedy: "relative names begin at the folder of the configuration file")
        }
        if !issuer.$directory.isGiven, !issuer.termsAgreed {
            error(
                issuer.origin.position, "\(path).termsAgreed", "Let's Encrypt issues to those who agree to its terms",
                remedy: "read https://letsencrypt.org/repository, and set `termsAgreed: true`")
        }
        for (j, contact) in issuer.contact.enumerated() where !CertificateIssuer.isMail(contact) {
            error(issuer.$contact.position, "\(path).contact[\(j)]", "not a mail address", remedy: "such as ops@example.com")
        }
        if let account = issuer.externalAccount, account.macKey.isEmpty || !account.macKey.utf8.allSatisfy(CertificateIssuer.isBase64URL) {
            error(account.$macKey.position, "\(path).externalAccount.macKey", "not base64url text", remedy: "copy the key as the authority shows it")
        }
        checkChallenge(issuer, path, configuration)
    }

    private mutating func checkChallenge(_ issuer: CertificateIssuer, _ path: String, _ configuration: Configuration) {
        switch issuer.challenge {
        case .http01:
            guard !configuration.listeners.contains(where: { $0.tls == nil && $0.tcp == nil }) else { break }
            error(
                issuer.$challenge.position, "\(path).challenge", "http-01 is answered on listeners without `tls`, and there is none",
                remedy: "add a listener that port 80 leads to, or use tls-alpn-01")
        case .tlsALPN01: break
        case .dns01:
            guard let dns = issuer.dns else {
                return error(
                    issuer.$challenge.position, "\(path).dns", "dns-01 needs somebody who sets records",
                    remedy: "set `dns` to `exec`, `rfc2136` or `webhook`")
            }
            return check(dns, "\(path).dns")
        }
        guard let dns = issuer.dns else { return }
        warning(dns.origin.position, "\(path).dns", "only the challenge dns-01 uses this", remedy: "set `challenge: dns-01`")
    }

    private mutating func check(_ dns: DNSChallengeSettings, _ path: String) {
        if dns.providers != 1 {
            error(dns.origin.position, path, "exactly one of `exec`, `rfc2136` and `webhook` sets the records")
        }
        if let program = dns.exec, !program.isExecutable {
            error(
                dns.$exec.position, "\(path).exec", "the program \(program.path) can't be run",
                remedy: "relative names begin at the folder of the configuration file")
        }
        if let update = dns.rfc2136 {
            switch update.server {
            case .ip, .name: break
            case .unix, .service: error(update.$server.position, "\(path).rfc2136.server", "a host and a port are needed")
            }
            if let key = update.key, !CertificateIssuer.isBase64(key.secret) {
                error(key.$secret.position, "\(path).rfc2136.key.secret", "not base64 text", remedy: "`tsig-keygen` writes such a key")
            }
        }
        if let webhook = dns.webhook { checkURL(webhook.$url, "\(path).webhook.url") }
    }

    private mutating func checkURL(_ url: Setting<String>, _ path: String) {
        let text = url.wrappedValue
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        guard rest.isEmpty || !rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return }
        error(url.position, path, "not a URL", remedy: "such as https://acme.example.com/directory")
    }

    private mutating func check(_ onDemand: OnDemandCertificates, _ acme: ACMESettings, _ configuration: Configuration) {
        let path = "acme.onDemand"
        if onDemand.allow.isEmpty, onDemand.ask == nil {
            error(
                acme.$onDemand.position, path, "without a rule, anybody could have certificates asked for any name",
                remedy: "set `allow: [\"*.example.com\"]`, or `ask` to a URL that decides")
        }
        if onDemand.allow.contains(.any) {
            error(onDemand.$allow.position, "\(path).allow", "`*` allows every name there is", remedy: "name domains, such as `*.example.com`")
        }
        if onDemand.$ask.wrappedValue != nil, let ask = onDemand.ask, !ask.hasPrefix("http://"), !ask.hasPrefix("https://") {
            error(onDemand.$ask.position, "\(path).ask", "not a URL", remedy: "such as http://127.0.0.1:9000/may-have-a-certificate")
        }
        if let name = onDemand.issuer { checkIssuer(name, onDemand.$issuer.position, "\(path).issuer", acme) }
        if !configuration.listeners.contains(where: { $0.tls?.automatic == true }) {
            warning(acme.$onDemand.position, path, "no listener has `tls.automatic`")
        }
    }

    private mutating func checkIssuer(_ name: String, _ place: SourcePosition, _ path: String, _ acme: ACMESettings?) {
        guard let acme, !acme.issuers.contains(where: { $0.name == name }) else { return }
        let question = Suggestion.question(name, among: acme.issuers.map(\.name))
        error(place, path, "there is no issuer \"\(name)\"", remedy: question)
    }

    // MARK: Listeners

    /// The certificates of a listener: each from files, or from an issuer.
    mutating func checkCertificates(_ tls: ListenerTLS, _ path: String, _ acme: ACMESettings?) {
        if tls.automatic, acme == nil {
            error(tls.$automatic.position, "\(path).automatic", "automatic certificates need an issuer", remedy: "add `acme` at the top")
        }
        if tls.certificates.isEmpty, !tls.automatic {
            error(
                tls.$certificates.position, "\(path).certificates", "at least one certificate is needed",
                remedy: "`{ certificate, key }`, or `automatic: true`")
        }
        for (i, entry) in tls.certificates.enumerated() { check(entry, "\(path).certificates[\(i)]", acme) }
    }

    private mutating func check(_ entry: ListenerCertificate, _ path: String, _ acme: ACMESettings?) {
        let place = entry.origin.position
        guard !entry.names.isEmpty || entry.acme != nil else {
            if entry.certificate == nil {
                error(place, "\(path).certificate", "`certificate` is missing", remedy: "or `names`, for a certificate from an issuer")
            } else if entry.key == nil {
                error(place, "\(path).key", "`key` is missing", remedy: "name the key that the certificate was requested with")
            }
            return
        }
        if entry.certificate != nil || entry.key != nil || entry.ocsp != nil {
            error(
                place, path, "a certificate comes from files or from an issuer, not from both", remedy: "remove `names`, or `certificate` and `key`")
        }
        if entry.names.isEmpty { error(place, "\(path).names", "`names` is missing", remedy: "list the names that the certificate is to have") }
        guard let acme else {
            return error(place, path, "a certificate for `names` needs an issuer", remedy: "add `acme` at the top")
        }
        if let name = entry.acme { checkIssuer(name, entry.$acme.position, "\(path).acme", acme) }
        let issuer = acme.issuers.first { $0.name == entry.acme } ?? acme.issuers.first
        for name in entry.names where !CertificateIssuer.canProve(name, by: issuer?.challenge ?? .dns01) {
            if case .wildcard = name, issuer?.challenge != .dns01 {
                error(
                    entry.$names.position, "\(path).names", "the wildcard \(name.text) needs the challenge dns-01",
                    remedy: "use an issuer that has it")
            } else {
                error(entry.$names.position, "\(path).names", "no authority issues for \(name.text)", remedy: "use a name such as www.example.com")
            }
        }
    }
}

extension CertificateIssuer {
    fileprivate static func isMail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && HostName.isValid(String(parts[1])) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }

    fileprivate static func isBase64URL(_ byte: UInt8) -> Bool {
        Base64.value(of: byte) != nil && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "/") || "-_=".utf8.contains(byte)
    }

    fileprivate static func isBase64(_ text: String) -> Bool {
        let out = ByteBuffer()
        return text.withView { Base64.decode($0, into: out) } && !out.isEmpty
    }
}
