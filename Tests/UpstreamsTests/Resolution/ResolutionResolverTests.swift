import Glibc
import Primitives
import Reactor
import Synchronization
import Testing

@testable import Upstreams

@Suite(.timeLimit(.minutes(1))) struct ResolutionResolverTests {
    private func settings(_ servers: ScriptedNameServer...) -> ResolverSettings {
        var settings = ResolverSettings()
        settings.nameservers = servers.map { .ip(.loopback, port: $0.port) }
        settings.hostsFile = "/dev/null"
        settings.resolvConf = "/dev/null"
        settings.timeout = .milliseconds(250)
        settings.attempts = 2
        settings.timeToLive = .milliseconds(20) ... .seconds(3600)
        settings.negativeTimeToLive = .milliseconds(20)
        return settings
    }

    private func v4(_ last: UInt8) -> IPAddress { IPAddress(v4: 0x0a00_0000 | UInt32(last)) }
    private let v6 = IPAddress(high: 0xfd << 56, low: 1)

    private static let both: ScriptedNameServer.Script = { query in
        [query.reply([query.isV6 ? ScriptedNameServer.aaaa(last: 1, ttl: 60) : ScriptedNameServer.a((10, 0, 0, 1), ttl: 40)])]
    }

    @Test func literalsNeedNobody() async throws {
        let resolver = Resolver(ResolverSettings())
        let name = try await resolver.resolve("[fd00::1]")
        #expect(name.addresses == [v6])
        #expect(name.source == .literal)
        let told = Told()
        let watched = resolver.watch("10.0.0.1") { told.add($0) }
        #expect(told.all == [[v4(1)]])
        #expect(watched.addresses == [v4(1)])
    }

    @Test func asksForBothKindsAndPutsIPv4First() async throws {
        let server = ScriptedNameServer(Self.both)
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        let name = try await resolver.resolve("Both.Test")
        #expect(name == ResolvedName([v4(1), v6], timeToLive: .seconds(40), source: .dns))
        #expect(Set(server.queries.map(\.name)) == ["both.test"])
        _ = try await resolver.resolve("both.test")
        #expect(server.queries.count == 2, "known until its time to live is over")
    }

    @Test func servicesAreWatched() async throws {
        let server = ScriptedNameServer { query in
            [query.reply([ScriptedNameServer.record([0xc0, 12], 33, 40, [0, 1, 0, 2, 0, 80] + (DNSName("one.test")?.bytes ?? []))])]
        }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        let watched = await withCheckedContinuation { continuation in
            let kept = Mutex<WatchedName?>(nil)
            let name = resolver.watchServices("_http._tcp.Orders.test") { places in
                continuation.resume(returning: (places, kept.withLock { $0 }))
            }
            kept.withLock { $0 = name }
        }
        #expect(watched.0 == [ServiceRecord(priority: 1, weight: 2, port: 80, host: "one.test")])
        #expect(server.queries.map(\.name) == ["_http._tcp.orders.test"])
    }

    @Test func missingNamesAreNotFound() async throws {
        let server = ScriptedNameServer { [$0.reply(code: 3)] }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        await #expect(throws: ResolutionError.notFound) { try await resolver.resolve("missing.test") }
        await #expect(throws: ResolutionError.invalidName) { try await resolver.resolve("not a name") }
    }

    @Test func ignoresGarbageWrongIDsAndOtherQuestions() async throws {
        let server = ScriptedNameServer { query in
            let wrong = ScriptedNameServer.a((6, 6, 6, 6), ttl: 60)
            var other = query.reply([wrong])
            other[13] ^= 0x02
            let loop = query.reply([ScriptedNameServer.record([0xc0, UInt8(query.bytes.count)], 1, 60, [6, 6, 6, 6])])
            let good = query.reply(query.isV6 ? [] : [ScriptedNameServer.a((10, 0, 0, 7), ttl: 60)])
            return [[], [1], [UInt8](repeating: 0xff, count: 600), query.bytes, query.reply([wrong], id: query.id ^ 1), other, loop, good]
        }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        #expect(try await resolver.resolve("x.test").addresses == [v4(7)])
    }

    @Test func asksAgainOverTCPWhenCut() async throws {
        let server = ScriptedNameServer { query in
            if !query.isTCP { return [query.reply(truncated: true)] }
            return [query.reply(query.isV6 ? [] : (1...60).map { ScriptedNameServer.a((10, 0, 0, $0), ttl: 60) })]
        }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        #expect(try await resolver.resolve("many.test").addresses == (1...60).map { v4($0) })
    }

    @Test func silentAndFailingServersAreFollowedByTheNext() async throws {
        let silent = ScriptedNameServer { _ in [] }
        let failing = ScriptedNameServer { [$0.reply(code: 2)] }
        let good = ScriptedNameServer(Self.both)
        defer { [silent, failing, good].forEach { $0.stop() } }
        let resolver = Resolver(settings(silent, failing, good))
        defer { resolver.stop() }
        #expect(try await resolver.resolve("x.test").addresses == [v4(1), v6])
    }

    @Test func aLostDatagramIsSentAgain() async throws {
        let counter = Counter()
        let server = ScriptedNameServer { query in counter.next() <= 2 ? [] : Self.both(query) }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        #expect(try await resolver.resolve("x.test").addresses == [v4(1), v6])
    }

    @Test func oneKindIsEnoughWhenTheOtherIsNotAnswered() async throws {
        let server = ScriptedNameServer { $0.isV6 ? [$0.reply(code: 2)] : Self.both($0) }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        #expect(try await resolver.resolve("x.test").addresses == [v4(1)])
    }

    @Test func noServerAtAllIsAnError() async throws {
        let gone = ScriptedNameServer { _ in [] }
        let settings = settings(gone)
        gone.stop()
        let resolver = Resolver(settings)
        defer { resolver.stop() }
        let error = await #expect(throws: ResolutionError.self) { try await resolver.resolve("x.test") }
        guard case .noAnswer = error else { return #expect(Bool(false), "\(error as Any)") }
    }

    @Test func followsChangesAndKeepsTheLastGoodAddresses() async throws {
        let server = ScriptedNameServer { query in query.isV6 ? [query.reply()] : [query.reply([ScriptedNameServer.a((10, 0, 0, 1), ttl: 0)])] }
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        let told = Told()
        let watched = resolver.watch("moving.test") { told.add($0) }
        await told.reach(1)
        server.change { query in query.isV6 ? [query.reply()] : [query.reply([ScriptedNameServer.a((10, 0, 0, 2), ttl: 0)])] }
        await told.reach(2)
        server.change { [$0.reply(code: 3)] }
        await until { watched.failure == .notFound }
        #expect(watched.addresses == [v4(2)])
        server.change { query in query.isV6 ? [query.reply()] : [query.reply([ScriptedNameServer.a((10, 0, 0, 3), ttl: 0)])] }
        await told.reach(3)
        #expect(watched.failure == nil)
        #expect(told.all == [[v4(1)], [v4(2)], [v4(3)]])
        watched.stop()
        let asked = server.queries.count
        _ = try await resolver.resolve("other.test")
        server.change { query in query.isV6 ? [query.reply()] : [query.reply([ScriptedNameServer.a((10, 0, 0, 4), ttl: 0)])] }
        _ = try await resolver.resolve("another.test")
        #expect(told.all.count == 3)
        #expect(server.queries.count >= asked + 4)
    }

    @Test func watchersOfOneNameShareItsLookups() async throws {
        let server = ScriptedNameServer(Self.both)
        defer { server.stop() }
        let resolver = Resolver(settings(server))
        defer { resolver.stop() }
        let told = Told()
        let watched = (0..<50).map { _ in resolver.watch("shared.test") { told.add($0) } }
        await told.reach(50)
        #expect(server.queries.count == 2)
        watched.forEach { $0.stop() }
    }

    @Test func searchesDomainsInOrder() async throws {
        let server = ScriptedNameServer { query in query.name == "svc.two.test" ? Self.both(query) : [query.reply(code: 3)] }
        defer { server.stop() }
        var settings = settings(server)
        let file = TemporaryFile("search one.test two.test\noptions ndots:3\n")
        settings.resolvConf = file.path
        let resolver = Resolver(settings)
        defer { resolver.stop() }
        #expect(try await resolver.resolve("svc").addresses == [v4(1), v6])
        #expect(Set(server.queries.map(\.name)) == ["svc.one.test", "svc.two.test"])
    }

    @Test func hostsComeFirst() async throws {
        let server = ScriptedNameServer(Self.both)
        defer { server.stop() }
        var settings = settings(server)
        let file = TemporaryFile("10.0.0.77 Known.test\n")
        settings.hostsFile = file.path
        let resolver = Resolver(settings)
        defer { resolver.stop() }
        let name = try await resolver.resolve("known.test.")
        #expect(name.addresses == [v4(77)])
        #expect(name.source == .hosts)
        #expect(try await resolver.resolve("a.localhost").addresses.first == .loopback)
        #expect(server.queries.isEmpty)
    }

    @Test func theSystemIsAskedLast() {
        #expect(SystemLookup.addresses(of: "127.0.0.9") == [IPAddress(parsing: "127.0.0.9")!])
        #expect(SystemLookup.addresses(of: "::1") == [IPAddress(high: 0, low: 1)])
    }

    @Test func stoppingAnswersThoseWhoWait() async throws {
        let server = ScriptedNameServer { _ in [] }
        defer { server.stop() }
        var settings = settings(server)
        settings.threads = 1
        settings.timeout = .milliseconds(50)
        let resolver = Resolver(settings)
        let told = Told()
        resolver.resolve("a.test") { _ in told.add([]) }
        resolver.resolve("b.test") { _ in told.add([]) }
        await until { !server.queries.isEmpty }
        resolver.stop()
        await told.reach(2)
        await #expect(throws: ResolutionError.stopped) { try await resolver.resolve("c.test") }
    }
}

/// Calls that a test waits for.
private final class Told: Sendable {
    private let list = Mutex<[[IPAddress]]>([])
    func add(_ addresses: [IPAddress]) { list.withLock { $0.append(addresses) } }
    var all: [[IPAddress]] { list.withLock { $0 } }
    func reach(_ count: Int) async { await until { self.all.count >= count } }
}

private final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}

/// Looks every two milliseconds until the condition holds; the suite's time limit ends what never comes.
private func until(_ condition: @Sendable () -> Bool) async {
    while !condition(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
}

private final class TemporaryFile {
    let path: String
    init(_ text: String) {
        var template = Array("/tmp/sluice-resolution-XXXXXX".utf8CString)
        let handle = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let bytes = Array(text.utf8)
        write(handle, bytes, bytes.count)
        close(handle)
    }
    deinit { unlink(path) }
}
