import GatewayCore
import Primitives
import Reactor
import ReactorTesting
import SharedState
import Testing

@testable import DataPlane

/// Guards in front of everything that a worker does.
@Suite struct WorkerGuardTests {
    private static func rig(_ guards: String, listener: String = "") throws -> WorkerRig {
        try WorkerRig(
            """
            listeners: [{ name: web, address: "\(WorkerRig.listener)"\(listener) }]
            guards: { \(guards) }
            apis: [{ name: api, routes: [{ name: r, match: { path: "/*" }, respond: { body: hello } }] }]
            """)
    }

    private func bans(_ rig: WorkerRig) throws -> [GuardBan] {
        let guards = try #require(rig.guards)
        return guards.table.bans(guards.rules, now: rig.network.now)
    }

    // MARK: Requests

    @Test func oneAddressMakesSoManyRequestsAndNoMore() throws {
        let rig = try WorkerGuardTests.rig("requests: 2, prefix: { factor: 0 }")
        let client = rig.client(from: 7)
        for _ in 0..<4 { #expect(rig.ask(client, .get()).hasSuffix("hello")) }
        let refusal = rig.ask(client, .get())
        #expect(refusal.hasPrefix("HTTP/1.1 429 ") && refusal.contains("client_rate_limited"))
        #expect(refusal.field("retry-after") == "1")
        #expect(rig.ask(rig.client(from: 8), .get()).hasSuffix("hello"))
        rig.network.advance(.seconds(1))
        #expect(rig.ask(client, .get()).hasSuffix("hello"), "the connection was kept")
    }

    @Test func listenersCanDoWithout() throws {
        let rig = try WorkerGuardTests.rig("requests: 1, connections: 1", listener: ", guards: false")
        for _ in 0..<5 { #expect(rig.ask(rig.client(from: 7), .get()).hasSuffix("hello")) }
        let off = try WorkerGuardTests.rig("enabled: false, requests: 1, connections: 1")
        for _ in 0..<5 { #expect(off.ask(off.client(from: 7), .get()).hasSuffix("hello")) }
        #expect(off.guards == nil)
    }

    // MARK: Behind a proxy

    private static let behindProxy = ", trustedProxies: [198.51.100.7]"

    @Test func behindATrustedProxyTheForwardedClientIsCounted() throws {
        let rig = try WorkerGuardTests.rig("requests: 1, connections: 1, prefix: { factor: 0 }", listener: WorkerGuardTests.behindProxy)
        func ask(_ proxy: TestPeer, _ client: String) -> String {
            rig.ask(proxy, .get("/", client.isEmpty ? "" : "X-Forwarded-For: \(client)\r\n"))
        }
        let proxy = rig.client(from: 7), second = rig.client(from: 7)
        #expect(ask(proxy, "203.0.113.1").hasSuffix("hello") && ask(second, "203.0.113.1").hasSuffix("hello"))
        #expect(ask(proxy, "203.0.113.1").contains("client_rate_limited"))
        #expect(ask(proxy, "203.0.113.2").hasSuffix("hello"))
        // Its own requests are nobody's.
        for _ in 0..<5 { #expect(ask(proxy, "").hasSuffix("hello")) }
    }

    @Test func theBannedAreAnsweredThroughTheirProxy() throws {
        let rig = try WorkerGuardTests.rig("offences: 10", listener: WorkerGuardTests.behindProxy)
        let proxy = rig.client(from: 7)
        rig.worker.guards?.offend(.malformed, weight: 20, of: IPAddress(v4: 0xcb00_7101))
        let refusal = rig.ask(proxy, .get("/", "X-Forwarded-For: 203.0.113.1\r\n"))
        #expect(refusal.hasPrefix("HTTP/1.1 429 ") && refusal.contains("client_banned"))
        #expect(refusal.field("retry-after") == "1", "asked again after a second: bans may be ended")
        #expect(rig.ask(proxy, .get("/", "X-Forwarded-For: 203.0.113.2\r\n")).hasSuffix("hello"))
    }

    @Test func aProxyIsNotBlamedForItsClients() throws {
        let rig = try WorkerGuardTests.rig("offences: 1", listener: WorkerGuardTests.behindProxy)
        for _ in 0..<10 { _ = rig.ask(rig.client(from: 7), "nonsense\r\n\r\n") }
        #expect(try bans(rig).isEmpty)
    }

    // MARK: Offences

    /// What a client does once, in how many connections, and how much of it is forgiven.
    @Test(arguments: [
        ("nonsense\r\n\r\n", 0, 2, "malformed"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n", 0, 5, "oversized_head"),
        ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 0, 5, "oversized_head"),
        ("GET / HTTP/1.1\r\nHo", 11, 5, "slowness"), ("", 11, 2, "slowness"),
    ])
    func offencesAddUpToABan(text: String, seconds: Int, weight: Int, cause: String) throws {
        let rig = try WorkerGuardTests.rig("offences: 30, prefix: { factor: 0 }")
        // Those forgiven meanwhile are made up for by coming all at once.
        let clients = (0...(30 / weight)).map { _ in rig.client(from: 7) }
        for (count, client) in clients.enumerated() where seconds == 0 {
            #expect(try bans(rig).isEmpty, "after \(count)")
            _ = rig.ask(client, text)
        }
        if seconds > 0 {
            for client in clients { client.send(text) }
            rig.network.advance(.seconds(seconds))
        }
        let ban = try #require(try bans(rig).first)
        #expect("\(ban.cause.name)" == cause && ban.network.description == "198.51.100.7/32")
        #expect(rig.client(from: 7).sawReset)
        #expect(rig.ask(rig.client(from: 8), .get()).hasSuffix("hello"))
    }

    @Test func goodRequestsAreNoOffence() throws {
        let rig = try WorkerGuardTests.rig("offences: 1")
        for path in ["/", "/a/b", "/%2e%2e/x"] { _ = rig.ask(rig.client(from: 7), .get(path)) }
        let client = rig.client(from: 7)
        _ = rig.ask(client, .get())
        rig.network.advance(.seconds(80))
        #expect(client.isClosed, "idle for long enough")
        #expect(try bans(rig).isEmpty)
    }

    @Test func aBanEndsWhatIsOpen() throws {
        let rig = try WorkerGuardTests.rig("offences: 3, prefix: { factor: 0 }")
        let idle = rig.client(from: 7), other = rig.client(from: 8)
        _ = rig.ask(idle, .get())
        for _ in 0..<2 { _ = rig.ask(rig.client(from: 7), "nonsense\r\n\r\n") }
        rig.network.advance(.seconds(1))
        #expect(idle.sawReset && !other.isClosed)
    }

    /// A request that comes before its connection was looked at finds out, too.
    @Test func theNextRequestOfTheBannedEndsTheirConnection() throws {
        let rig = try WorkerGuardTests.rig("offences: 3, requests: 5")
        let client = rig.client(from: 7)
        _ = rig.ask(client, .get())
        rig.worker.guards?.offend(.malformed, weight: 10, of: IPAddress(v4: 0xc633_6407))
        rig.worker.nextSweep = .never
        #expect(rig.ask(client, .get()) == "" && client.sawReset)
        #expect(rig.worker.pool.inUse == 0)
    }

    // MARK: Reloads

    @Test func bansOutliveAReload() throws {
        func text(_ guards: String) -> String {
            """
            guards: { \(guards) }
            apis: [{ name: api, routes: [{ name: r, match: { path: "/*" }, respond: { body: hello } }] }]
            """
        }
        let rig = try WorkerRig(text("offences: 3"))
        rig.worker.guards?.offend(.malformed, weight: 10, of: IPAddress(v4: 0xc633_6407))
        #expect(rig.client(from: 7).sawReset)
        try rig.apply(text("offences: 4, requests: 10"))
        #expect(rig.client(from: 7).sawReset)
        try rig.apply(text("enabled: false"))
        #expect(!rig.client(from: 7).isClosed)
    }
}
