package import Schema

/// A listener that speaks no HTTP: where its connections go.
package struct TCPSettings: Settings {
    @Setting("Server names (SNI) and their upstreams. With any, connections have to be TLS, which their endpoint ends.")
    package var routes: [TCPRoute] = []

    @Setting("Upstream of the connections that no route takes. Left out: they are closed.")
    package var upstream: String?

    @Setting("Begin connections to the upstream with a PROXY protocol header, version 2, that tells the client's address.")
    package var sendProxyProtocol: Bool = false

    package var origin = Origin()
    package init() {}
}

/// Server names that go to one upstream.
package struct TCPRoute: Settings {
    @Setting("Names such as `db.example.com`, or `*.example.org` for every name with one label more. Exact names come first.")
    package var serverNames: [HostPattern]

    @Setting("Upstream.")
    package var upstream: String

    package var origin = Origin()
    package init() {}
}
