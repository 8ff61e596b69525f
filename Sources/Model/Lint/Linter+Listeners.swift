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
        let clients = tls.clientCertificates
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

    private mutating func checkProtocols(_ listener: Listener, _ i: Int) {
        let place = listener.$protocols.position
        guard !listener.protocols.isEmpty else {
            return error(place, "listeners[\(i)].protocols", "at least one protocol is needed", remedy: "such as `[http1]`")
        }
        if listener.tls != nil {
            if listener.$protocols.isGiven, listener.protocols.contains(.h2c) {
                error(place, "listeners[\(i)].protocols", "`h2c` is HTTP/2 without TLS, and this listener has `tls`", remedy: "use `h2`")
            }
            if listener.proxyProtocol {
                error(
                    listener.$proxyProtocol.position, "listeners[\(i)].proxyProtocol",
                    "this version takes PROXY protocol headers on listeners without `tls` only")
            }
            return
        }
        guard listener.protocols.contains(.h2) else { return }
        error(
            place, "listeners[\(i)].protocols", "`h2` is HTTP/2 over TLS, and this listener has no `tls`",
            remedy: "`h2c` is HTTP/2 without TLS")
    }
}
