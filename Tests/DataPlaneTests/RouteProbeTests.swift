import GatewayCore
import Primitives
import Testing

@testable import DataPlane

@Suite struct RouteProbeTests {
    private let text = """
        upstreams:
          - { name: up, endpoints: [{ address: "192.0.2.1:80", weight: 3 }, { address: "names.example:81" }] }
          - { name: down, endpoints: [{ address: "192.0.2.2:80" }] }
        apis:
          - name: shop
            hosts: [shop.example]
            basePath: /shop
            routes:
              - { name: item, match: { path: "/items/{id}", methods: [GET] }, upstream: up }
              - { name: beta, match: { path: "/items/{id}", methods: [GET], headers: { x-beta: "1" } }, upstream: down }
              - { name: half, match: { path: /half }, split: [{ upstream: up, weight: 9 }, { upstream: down, weight: 1 }] }
              - { name: old, match: { path: "/old/*" }, redirect: { to: "/new/{*}", status: 301 } }
              - { name: ping, match: { path: /ping, clientIp: [10.0.0.0/8] }, respond: { status: 200 } }
        """

    private func ask(_ target: String, _ change: (inout RouteProbe) -> Void = { _ in }) throws -> RouteProbe.Answer {
        var probe = RouteProbe()
        probe.host = "shop.example"
        probe.target = target
        change(&probe)
        return try probe.ask(try WorkerRig.compile(text))
    }

    @Test func forwarding() throws {
        let answer = try ask("/shop/x/../items/7?a=b")
        #expect(answer.route == "shop / item")
        #expect(
            answer.summary == [
                "path /shop/items/7", "{id} = 7", "forwards /items/7?a=b to upstream up: 192.0.2.1:80 (weight 3), names.example:81 by DNS (weight 1)",
            ])
        #expect(answer.others.contains { $0.contains("beta") }, "\(answer.others)")
        #expect(try ask("/shop/items/7") { $0.headers = [("X-Beta", "1")] }.route == "shop / beta")
    }

    @Test func otherActions() throws {
        #expect(try ask("/shop/half").summary.suffix(3).map { $0.prefix(12) } == ["forwards /ha", "  9 of 10: u", "  1 of 10: u"])
        #expect(try ask("/shop/old/a").summary.last == "redirects with 301 to /new/a")
        #expect(try ask("/shop/ping") { $0.client = IPAddress(v4: 0x0a000001) }.summary.last == "responds with 200")
        #expect(try ask("/shop/ping").route == nil)
    }

    @Test func nothingFits() throws {
        #expect(try ask("/nowhere").summary == ["404 route_not_found: no route matches this host and path"])
        #expect(try ask("/shop/items/7") { $0.method = "DELETE" }.summary.first?.hasPrefix("405 method_not_allowed: the path answers to GET") == true)
        #expect(try ask("/shop/items/7") { $0.host = "other.example" }.route == nil)
    }

    @Test func requestsThatWouldBeRefused() throws {
        for (target, reason) in [("/a b", Reason.badRequestLine), ("/%zz", .badTarget), ("nowhere", .badTarget)] {
            do {
                _ = try ask(target)
                Issue.record("\(target) is accepted")
            } catch let error as GatewayError {
                #expect(error.reason == reason)
            }
        }
    }
}
