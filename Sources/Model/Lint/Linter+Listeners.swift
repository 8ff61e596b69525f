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

    mutating func checkListeners(_ listeners: [Listener], admin: BindAddress) {
        checkNames(listeners.map(\.$name), of: "listeners")
        var first: [BindAddress: SourcePosition] = [:]
        for (i, listener) in listeners.enumerated() {
            checkProtocols(listener, i)
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

    private mutating func checkProtocols(_ listener: Listener, _ i: Int) {
        let place = listener.$protocols.position
        guard !listener.protocols.isEmpty else {
            return error(place, "listeners[\(i)].protocols", "at least one protocol is needed", remedy: "such as `[http1]`")
        }
        for later in listener.protocols where later != .http1 {
            let message = "`\(later.rawValue)` is part of the configuration format, but this version does not have it yet"
            if listener.protocols.contains(.http1) {
                warning(place, "listeners[\(i)].protocols", message, remedy: "the listener serves http1")
            } else {
                error(place, "listeners[\(i)].protocols", message, remedy: "use `[http1]`")
            }
        }
    }
}
