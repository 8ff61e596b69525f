import Primitives
import Schema
import Testing

@testable import Model

@Suite struct ConfigurationTests {
    @Test func valuesOfTheContract() throws {
        let loaded = Case.load(ConfigurationTests.file)
        #expect(loaded.diagnostics.map(\.description) == [])
        let configuration = try #require(loaded.value)
        #expect(configuration.runtime.threads == 2)
        #expect(configuration.runtime.drain == .seconds(30))
        #expect(configuration.admin.address == .ip(.loopback, port: 9180))

        let listener = configuration.listeners[0]
        #expect(listener.address == BindAddress(parsing: "0.0.0.0:8080"))
        #expect(listener.trustedProxies.map(\.description) == ["10.0.0.0/8"])
        #expect(listener.limits.headerBytes.bytes == 32768)
        #expect(listener.timeouts.progress == .seconds(60))

        let upstream = configuration.upstreams[0]
        #expect(upstream.protocol == .http1)
        #expect(upstream.endpoints.map(\.weight) == [3, 1])
        #expect(upstream.endpoints[1].address == .name("catalog.internal", port: 9000))
        #expect(upstream.balance.method == .leastRequests)
        #expect(upstream.health.active?.expect == [StatusRange(200...399)])
        #expect(upstream.retries.on == [.failure(.connectFailure), .failure(.reset)])
        #expect(upstream.hostHeader == .literal("catalog.example.com"))

        let routes = configuration.apis[0].routes
        #expect(routes[0].action == .upstream("catalog"))
        #expect(routes[0].match.methods == [.get])
        #expect(routes[0].match.headers["x-beta"] == .exact("1"))
        #expect(routes[0].match.headers["x-any"] == .present(true))
        #expect(routes[0].origin.position.line == 28)
        #expect(routes[0].match.$path.position.column == 24)
        guard case .split(let targets, let key) = routes[1].action else { throw Unexpected() }
        #expect(targets.map(\.weight) == [95, 5])
        #expect(key?.text == #"request.headers["x-user"]"#)
        guard case .redirect(let redirect) = routes[2].action else { throw Unexpected() }
        #expect(redirect.status.code == 308)
        guard case .respond(let respond) = routes[3].action else { throw Unexpected() }
        #expect(respond.headers.entries.map(\.key) == ["content-type"])
        #expect(respond.body.text == "pong")
        #expect(configuration.telemetry.accessLog == .none)
    }

    struct Unexpected: Error {}

    @Test func anEmptyFileHasDefaults() throws {
        let configuration = try #require(Case.load("").value)
        #expect(configuration.runtime.threads == nil)
        #expect(configuration.runtime.drain == .seconds(30))
        #expect(configuration.telemetry.metrics.prometheus)
        #expect(configuration == Configuration())
    }

    @Test func quickStart() {
        let loaded = Case.load(Configuration.quickStartYAML)
        #expect(loaded.diagnostics.map(\.description) == [])
        #expect(Configuration.quickStart.listeners.map(\.address.text) == ["127.0.0.1:8080"])
        #expect(Configuration.quickStart.apis[0].routes.count == 6)
    }

    @Test func actionNeedsExactlyOne() {
        var route = Route()
        #expect(route.action == nil)
        route.upstream = "a"
        #expect(route.action == .upstream("a"))
        route.respond = Respond()
        #expect(route.action == nil)
    }

    static let file = """
        runtime: { threads: 2 }
        listeners:
          - name: web
            address: 0.0.0.0:8080
            protocols: [http1]
            trustedProxies: [10.0.0.0/8]
            proxyProtocol: false
            limits: { headerBytes: 32KiB, headerCount: 100, connections: 20000 }
            timeouts: { header: 10s, idle: 75s, progress: 60s }
        upstreams:
          - name: catalog
            endpoints:
              - { address: 127.0.0.1:9001, weight: 3 }
              - { address: Catalog.internal:9000, resolve: each }
            balance: { method: least-requests }
            health: { active: { path: /healthz, interval: 2s, timeout: 1s, expect: [200-399] } }
            limits: { connections: 1024, requests: 4096, queue: 128 }
            retries: { attempts: 2, on: [connect-failure, reset] }
            hostHeader: catalog.example.com
        policies:
        apis:
          - name: catalog
            version: 1.0
            hosts: [api.example.com, "*.example.org"]
            basePath: /catalog
            routes:
              - name: read
                match: { path: "/products/{id}", methods: [GET], headers: { x-beta: 1, x-any: { present: true } } }
                upstream: catalog
              - match: { path: "/offers/*" }
                split: [{ upstream: catalog, weight: 95 }, { upstream: catalog, weight: 5 }]
                splitKey: request.headers["x-user"]
              - match: { pathRegex: "^/v0/(.*)$" }
                redirect: { to: "https://api.example.com/catalog/$1", status: 308 }
              - match: { path: /ping }
                respond: { status: 200, headers: { content-type: text/plain }, body: pong }
        telemetry: { accessLog: none }
        """.replacing("{ upstream: catalog, weight: 5 }", with: "{ upstream: other, weight: 5 }")
        .replacing("policies:\n", with: "  - { name: other, endpoints: [{ address: 127.0.0.1:9003 }] }\npolicies:\n")
}
