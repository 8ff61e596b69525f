import Schema

/// Where a rig wants the parts of a configuration.
struct RigPlaces: Sendable {
    var listener: String
    var upstream: String
    /// What URLs of hosts in `.internal` lead to.
    var callouts: String
    var admin: String?
    /// Where the access log goes, for a case that looks at it.
    var accessLog: String?
    /// Connections begin with who the client is.
    var usesProxyProtocol = false
}

extension CaseConfiguration {
    /// The whole configuration.
    func tree(_ places: RigPlaces, _ context: DecodingContext) -> ConfigNode {
        var listener = ConfigNode.map(["name": .text("web"), "address": .text(places.listener)]).laidUnder(self.listener, context)
        if places.usesProxyProtocol { listener.trustTheProxy() }
        let upstream = ConfigNode.map([
            "name": .text("up"), "endpoints": .list([.map(["address": .text(places.upstream)])]),
        ]).laidUnder(self.upstream, context)
        var top: KeyValuePairs<String, ConfigNode> {
            ["listeners": .list([listener]), "upstreams": .list([upstream]), "apis": .list([api(context)])]
        }
        var tree = ConfigNode.map(top)
        if let admin = places.admin { tree.set("admin", .map(["address": .text(admin)])) }
        if let log = places.accessLog { tree.set("telemetry", .map(["accessLog": .map(["path": .text(log)])])) }
        return tree.laidUnder(gateway, context, joining: ["upstreams"]).callingOut(to: places.callouts)
    }

    private func api(_ context: DecodingContext) -> ConfigNode {
        let isOwn = api?.node["routes"] != nil
        if isOwn, let other = route ?? policies {
            context.error(other.node, "`api.routes` replaces the one route, so nothing can be said of it elsewhere")
        }
        var route = ConfigNode.map(["name": .text("r"), "match": .map(["path": .text("/*")])])
        let actions = ["upstream", "split", "redirect", "respond"]
        if !actions.contains(where: { self.route?.node[$0] != nil }) { route.set("upstream", .text("up")) }
        if let policies {
            if self.route?.node["policies"] != nil { context.error(policies.node, "`policies` and `route.policies` say the same") }
            route.set("policies", policies.node)
        }
        route = route.laidUnder(self.route, context)
        return ConfigNode.map(["name": .text("api"), "routes": .list([route])]).laidUnder(api, context)
    }
}

extension ConfigNode {
    static func text(_ text: String) -> ConfigNode { ConfigNode(.scalar(text), at: .none, style: .doubleQuoted) }
    static func list(_ nodes: [ConfigNode]) -> ConfigNode { ConfigNode(.list(nodes), at: .none) }
    static func map(_ entries: KeyValuePairs<String, ConfigNode>) -> ConfigNode {
        ConfigNode(.map(entries.map { Entry(key: $0.key, position: $0.value.position, value: $0.value) }), at: .none)
    }

    /// The value at a key of a map.
    subscript(key: String) -> ConfigNode? {
        guard case .map(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    mutating func set(_ key: String, _ value: ConfigNode) {
        set(Entry(key: key, position: value.position, value: value))
    }

    private mutating func set(_ entry: Entry) {
        guard case .map(var entries) = content else { return }
        entries.removeAll { $0.key == entry.key }
        content = .map(entries + [entry])
    }

    /// This map with the entries of another laid over it; lists at the keys `joining` are put behind each other.
    func laidUnder(_ over: RawNode?, _ context: DecodingContext, joining: [String] = []) -> ConfigNode {
        guard let over = over?.node else { return self }
        guard case .map(let entries) = over.content else {
            context.mismatch(over, expected: "a group of settings")
            return self
        }
        var result = self
        result.position = over.position
        for var entry in entries {
            if joining.contains(entry.key), case .list(let first) = self[entry.key]?.content, case .list(let second) = entry.value.content {
                entry.value.content = .list(first + second)
            }
            result.set(entry)
        }
        return result
    }

    /// With the service for callouts in the place of every host of `.internal`.
    fileprivate func callingOut(to address: String) -> ConfigNode {
        var node = self
        switch content {
        case .null: break
        case .scalar(let text): node.content = .scalar(text.replacing(/https?:\/\/[a-z]+\.internal(:[0-9]+)?/, with: "http://\(address)"))
        case .list(let nodes): node.content = .list(nodes.map { $0.callingOut(to: address) })
        case .map(let entries):
            node.content = .map(entries.map { Entry(key: $0.key, position: $0.position, value: $0.value.callingOut(to: address)) })
        }
        return node
    }

    /// The peer of the connection is the rig, and it tells who the client is.
    fileprivate mutating func trustTheProxy() {
        set("proxyProtocol", ConfigNode(.scalar("true"), at: .none))
        var trusted: [ConfigNode] = []
        if let given = self["trustedProxies"], case .list(let nodes) = given.content { trusted = nodes }
        set("trustedProxies", .list(trusted + [.text("127.0.0.0/8")]))
    }
}
