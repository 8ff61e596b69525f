import Schema

extension Linter {
    mutating func checkTCP(_ listener: Listener, _ path: String) {
        guard let tcp = listener.tcp else { return }
        if listener.$protocols.isGiven {
            error(listener.$protocols.position, "\(path).protocols", "a listener with `tcp` speaks no HTTP", remedy: "leave `protocols` out")
        }
        if listener.tls != nil {
            error(
                listener.$tls.position, "\(path).tls", "a listener with `tcp` passes TLS through and ends none",
                remedy: "leave out `tls`, or `tcp`")
        }
        if tcp.routes.isEmpty, tcp.upstream == nil {
            error(
                listener.$tcp.position, "\(path).tcp", "connections have nowhere to go",
                remedy: "name an `upstream`, or `routes` by server name")
        }
        if let upstream = tcp.upstream { use(upstream, tcp.$upstream, "\(path).tcp.upstream") }
        var first: [HostPattern: SourcePosition] = [:]
        for (r, route) in tcp.routes.enumerated() {
            let path = "\(path).tcp.routes[\(r)]"
            use(route.upstream, route.$upstream, "\(path).upstream")
            let place = route.$serverNames.position
            if route.serverNames.isEmpty {
                error(place, "\(path).serverNames", "a route needs a server name", remedy: "for all others there is `tcp.upstream`")
            }
            for name in route.serverNames {
                if name == .any {
                    error(place, "\(path).serverNames", "`*` is no server name", remedy: "use `tcp.upstream` for all others")
                }
                if let before = first.updateValue(place, forKey: name) {
                    error(place, "\(path).serverNames", "the server name `\(name.text)` stands already at \(before)")
                }
            }
        }
    }
}
