import Primitives
import Schema

extension Linter {
    mutating func checkTLS(of upstream: Upstream, _ path: String) {
        checkProtocol(of: upstream, path)
        guard let tls = upstream.tls else { return }
        let path = "\(path).tls"
        checkReadable(tls.authorities, tls.$authorities.position, "\(path).authorities")
        checkReadable(tls.certificate, tls.$certificate.position, "\(path).certificate")
        checkReadable(tls.key, tls.$key.position, "\(path).key")
        if tls.certificate != nil, tls.key == nil {
            error(tls.$certificate.position, "\(path).certificate", "a certificate needs its key", remedy: "set `key` too")
        } else if tls.certificate == nil, tls.key != nil {
            error(tls.$key.position, "\(path).key", "a key needs its certificate", remedy: "set `certificate` too")
        }
        checkIDs(tls, path)
        guard tls.verify else { return checkUnverified(tls, path) }
        checkNamed(upstream, tls, path)
    }

    private mutating func checkProtocol(of upstream: Upstream, _ path: String) {
        let place = upstream.$protocol.position
        if upstream.protocol == .h2, upstream.tls == nil {
            error(place, "\(path).protocol", "h2 is HTTP/2 over TLS", remedy: "set `tls`, or use `h2c` for plain text")
        } else if upstream.protocol == .h2c, upstream.tls != nil {
            error(place, "\(path).protocol", "h2c is HTTP/2 in plain text", remedy: "use `h2` with `tls`")
        }
    }

    mutating func checkReadable(_ file: ConfigurationFile?, _ place: SourcePosition, _ path: String) {
        guard let file, !file.isReadable else { return }
        error(place, path, "the file \(file.path) can't be read", remedy: "relative names begin at the folder of the configuration file")
    }

    private mutating func checkIDs(_ tls: UpstreamTLS, _ path: String) {
        guard let spiffe = tls.spiffe else { return }
        for (i, id) in spiffe.ids.enumerated() where id.trustDomain != spiffe.trustDomain.text || id.path.isEmpty {
            error(
                spiffe.$ids.position, "\(path).spiffe.ids[\(i)]",
                id.path.isEmpty ? "\(id) is a trust domain, and no workload" : "\(id) is not of the trust domain \(spiffe.trustDomain.text)")
        }
        if tls.authorities == nil {
            error(
                spiffe.$trustDomain.position, "\(path).spiffe", "a trust domain has authorities of its own",
                remedy: "set `authorities` to the file of its trust bundle")
        }
        if !tls.subjectAltNames.isEmpty {
            error(
                tls.$subjectAltNames.position, "\(path).subjectAltNames", "either `spiffe` or `subjectAltNames` says who may answer",
                remedy: "remove one")
        }
    }

    private mutating func checkUnverified(_ tls: UpstreamTLS, _ path: String) {
        warning(
            tls.$verify.position, "\(path).verify", "whoever can reach the path to this upstream can read and change everything",
            remedy: "trust the authority of a self-signed certificate with `authorities`")
        if tls.spiffe != nil || !tls.subjectAltNames.isEmpty {
            error(tls.$verify.position, "\(path).verify", "names can't be checked without verification", remedy: "remove `verify: false`")
        }
    }

    /// A socket in the file system has no name that a certificate could be checked for.
    private mutating func checkNamed(_ upstream: Upstream, _ tls: UpstreamTLS, _ path: String) {
        guard tls.serverName == nil, tls.subjectAltNames.isEmpty, tls.spiffe == nil else { return }
        guard upstream.endpoints.contains(where: { if case .unix = $0.address { true } else { false } }) else { return }
        error(upstream.$tls.position, path, "an endpoint without a host needs a name to check", remedy: "set `serverName`")
    }
}
