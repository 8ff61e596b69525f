package import Schema

package struct Health: Settings {
    @Setting("Ask every endpoint regularly. Left out: endpoints count as healthy.")
    package var active: ActiveHealth?

    @Setting("Watch what becomes of requests, and leave out endpoints that fail. Left out: nobody watches.")
    package var passive: PassiveHealth?

    package init() {}
}

package struct ActiveHealth: Settings {
    @Setting("Path of the GET request, with query if needed.")
    package var path: String = "/healthz"

    @Setting("In place of the GET request: ask by gRPC's health protocol, `true` for the server as a whole or `{ service: … }`.")
    package var grpc: GRPCHealth?

    @Setting("In place of the GET request: look whether a connection can be opened, for services that speak no HTTP.")
    package var tcp: Bool = false

    @Setting("From one check to the next.", .milliseconds(10) ... .seconds(86400))
    package var interval: Duration = .seconds(5)

    @Setting("A check that takes longer has failed.", .milliseconds(1) ... .seconds(3600))
    package var timeout: Duration = .seconds(1)

    @Setting("Good checks in a row until an endpoint takes requests again.", 1...1000)
    package var healthyAfter: Int = 1

    @Setting("Failed checks in a row until an endpoint takes no requests.", 1...1000)
    package var unhealthyAfter: Int = 2

    @Setting("Status codes of a good answer.")
    package var expect: [StatusRange] = [StatusRange(200...399)]

    package init() {}
}
