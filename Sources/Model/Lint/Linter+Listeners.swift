import Schema

extension Linter {
    mutating func checkAdmin(_ admin: AdminSettings) {
        guard !admin.address.isLocal else { return }
        error(
            admin.$address.position, "admin.address",
            "other machines can reach \(admin.$address.shown), which needs `admin.authentication`, and this version does not have that yet",
            remedy: "use 127.0.0.1, [::1] or unix:/path")
    }

    mutating func checkTelemetry(_ telemetry: Telemetry) {
        guard case .file(let log) = telemetry.accessLog, log.path.isEmpty || log.path.utf8.contains(0) else { return }
        error(log.$path.position, "telemetry.accessLog.path", "a file's path is needed", remedy: "`-` is standard output")
    }

    mutating func checkListeners(_ listeners: [Listener], admin: BindAddress, acme: ACMESettings?) {
        checkNames(listeners.map(\.$name), of: "listeners")
        var first: [BindAddress: SourcePosition] = [:]
        for (i, listener) in listeners.enumerated() {
            checkProtocols(listener, i)
            if let tls = listener.tls { checkTLS(tls, "listeners[\(i)].tls", acme) }
            checkTCP(listener, "listeners[\(i)]")
            checkRedirect(listener, "listeners[\(i)].redirectToHttps")
            if listener.proxyProtocol, listener.trustedProxies.isEmpty {
                warning(
                    listener.$proxyProtocol.position, "listeners[\(i)].proxyProtocol",
                    "PROXY protocol headers count from trusted proxies only, and there are none",
                    remedy: "name the balancer's network in `trustedProxies`")
            }
            // Port 0 is another port each time.
            if case .ip(_, port: 0) = listener.address { continue }
            let place = listener.$address.position
            if listener.address == admin {
                error(
                    place, "listeners[\(i)].address", "\(listener.$address.shown) is the admin address",
                    remedy: "use another port, or set `admin.address`")
            }
            if let before = first.updateValue(place, forKey: listener.address) {
                error(place, "listeners[\(i)].address", "\(listener.$address.shown) is taken already at \(before)")
            }
        }
    }

    private mutating func checkTLS(_ tls: ListenerTLS, _ path: String, _ acme: ACMESettings?) {
        checkCertificates(tls, path, acme)
        if let hsts = tls.hsts { checkTransportSecurity(hsts, "\(path).hsts") }
        let clients = tls.clientCertificates
        if clients.mode != .none, tls.ticketKeys != nil {
            error(
                tls.$ticketKeys.position, "\(path).ticketKeys",
                "sessions of clients with certificates would go on elsewhere after their certificates were revoked",
                remedy: "leave `ticketKeys` out, or `clientCertificates`")
        }
        if clients.mode != .none, clients.authorities == nil {
            error(
                clients.$mode.position, "\(path).clientCertificates", "nobody could be trusted: `authorities` is missing",
                remedy: "name the file with the certificates of the authorities")
        }
        if clients.mode == .none, clients.authorities != nil {
            warning(
                clients.$authorities.position, "\(path).clientCertificates", "clients are not asked for certificates",
                remedy: "set `mode` to `optional` or `required`")
        }
    }

    private mutating func checkTransportSecurity(_ hsts: TransportSecuritySettings, _ path: String) {
        guard hsts.preload, !hsts.includeSubdomains || hsts.maxAge < .seconds(86400 * 365) else { return }
        warning(
            hsts.$preload.position, "\(path).preload", "the lists of browsers take no host with these settings",
            remedy: "set `includeSubdomains: true` and a `maxAge` of at least 365d")
    }

    private mutating func checkRedirect(_ listener: Listener, _ path: String) {
        guard listener.redirectToHttps != .no else { return }
        let place = listener.$redirectToHttps.position
        if listener.tls != nil { error(place, path, "this listener has `tls`", remedy: "redirect from a listener without `tls`") }
        if listener.tcp != nil { error(place, path, "a listener with `tcp` speaks no HTTP", remedy: "leave `redirectToHttps` out") }
    }

    private mutating func checkProtocols(_ listener: Listener, _ i: Int) {
        let place = listener.$protocols.position
        guard !listener.protocols.isEmpty else {
            return error(place, "listeners[\(i)].protocols", "at least one protocol is needed", remedy: "such as `[http1]`")
        }
        if listener.tls != nil {
            if listener.$protocols.isGiven, listener.protocols.contains(.h2c) {
                error(place, "listeners[\(i)].protocols", "`h2c` is HTTP/2 without TLS, and this listener has `tls`", remedy: "use `h2`")
            }
            return
        }
        guard listener.protocols.contains(.h2) else { return }
        error(
            place, "listeners[\(i)].protocols", "`h2` is HTTP/2 over TLS, and this listener has no `tls`",
            remedy: "`h2c` is HTTP/2 without TLS")
    }
}
