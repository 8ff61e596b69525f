package import Primitives

/// Where the connections of a TCP listener go: by the server name that a TLS client asks for, or all to one upstream.
package struct TCPRoutes {
    private var exact: [String: UpstreamLane] = [:]
    /// By what stands behind `*.`.
    private var wildcards: [String: UpstreamLane] = [:]
    /// For connections that no name takes.
    package var fallback: UpstreamLane?
    /// The upstream is told the client's address in a PROXY protocol header.
    package var sendsProxyHeader = false

    package init(fallback: UpstreamLane? = nil) { self.fallback = fallback }

    /// Whether a ClientHello has to be waited for.
    package var needsServerName: Bool { !exact.isEmpty || !wildcards.isEmpty }

    /// Names are in lower case; of two equal ones the first counts.
    package mutating func add(exact name: String, _ lane: UpstreamLane) { exact[name] = exact[name] ?? lane }

    /// Every name with one label before `suffix`, as in certificates (RFC 9525 §6.3).
    package mutating func add(wildcard suffix: String, _ lane: UpstreamLane) { wildcards[suffix] = wildcards[suffix] ?? lane }

    package func lane(for serverName: ByteView) -> UpstreamLane? {
        guard !serverName.isEmpty else { return fallback }
        var name = serverName.string.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let lane = exact[name] { return lane }
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return fallback }
        return wildcards[String(name[name.index(after: dot)...])] ?? fallback
    }
}
