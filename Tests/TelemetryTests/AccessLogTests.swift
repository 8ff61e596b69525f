import GatewayCore
import Glibc
import Primitives
import Reactor
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1))) struct AccessLogTests {
    private let route = RouteLabels(api: "catalog", route: "read-product")
    private let endpoint = EndpointLabels(upstream: "catalog", endpoint: "127.0.0.1:9001")

    /// The line without its time, which is checked apart.
    private func rest(_ line: String) -> String { String(line.drop { $0 != "," }.dropFirst()) }

    @Test func aProxiedExchangeAsJSON() throws {
        let fixture = try LogFixture()
        let exchange = fixture.exchange()
        exchange.attempts = 1
        exchange.upstreamStarted = exchange.started + 100_000
        exchange.upstreamAnswered = exchange.started + 1_334_999
        exchange.request.fields.append("Referer", "https://x.test/")
        fixture.backend.now = fixture.backend.now + 2_000_001_500
        fixture.loop.turnBegan()
        fixture.lane.append(exchange, route: route, endpoint: endpoint)
        let lines = fixture.finish()
        try #require(lines.count == 1)
        #expect(
            rest(lines[0]) == #"""
                "client":"10.0.0.9","method":"GET","host":"api.test","path":"/a?q=1","protocol":"HTTP/1.1","status":200,"requestBytes":3,"responseBytes":512,"duration":2.000001,"upstreamDuration":0.001234,"listener":"web","api":"catalog","route":"read-product","upstream":"catalog","endpoint":"127.0.0.1:9001","attempts":1,"requestId":"0192f0c1-0000-7001-8000-000000000002","userAgent":"curl/8","referer":"https://x.test/"}
                """#)
    }

    @Test func whatIsUnknownIsLeftOut() throws {
        let fixture = try LogFixture()
        let exchange = fixture.exchange(agent: nil)
        exchange.error = GatewayError(.routeNotFound)
        exchange.status = 404
        exchange.request.minorVersion = 0
        fixture.lane.append(exchange)
        let lines = fixture.finish()
        #expect(
            rest(lines[0]) == #"""
                "client":"10.0.0.9","method":"GET","host":"api.test","path":"/a?q=1","protocol":"HTTP/1.0","status":404,"requestBytes":3,"responseBytes":512,"duration":0.000000,"listener":"web","attempts":0,"requestId":"0192f0c1-0000-7001-8000-000000000002","reason":"route_not_found"}
                """#)
    }

    @Test func aConnectionThatFailed() throws {
        let fixture = try LogFixture()
        fixture.lane.appendConnection(reason: .badProxyProtocol, listener: "web", peer: IPAddress(high: 0, low: 1))
        #expect(rest(fixture.finish()[0]) == #""client":"::1","listener":"web","reason":"bad_proxy_protocol"}"#)
    }

    private func addMembers(to exchange: Exchange) {
        let members: [(LogMember.Kind, StaticString, StaticString)] = [
            (.text, "tenant", "a \"b\"\n"), (.literal, "count", "12"), (.literal, "list", "[1,\"x y\"]"), (.text, "none", ""),
        ]
        for (kind, name, value) in members { exchange.log(kind, ByteView(name), ByteView(value)) }
    }

    @Test func membersOfPoliciesAsJSON() throws {
        let fixture = try LogFixture()
        let exchange = fixture.exchange(agent: nil)
        addMembers(to: exchange)
        exchange.error = GatewayError(.routeNotFound)
        fixture.lane.append(exchange)
        let line = fixture.finish()[0]
        #expect(line.hasSuffix(#","tenant":"a \"b\"\n","count":12,"list":[1,"x y"],"none":"","reason":"route_not_found"}"#))
    }

    @Test func membersOfPoliciesAsText() throws {
        let fixture = try LogFixture(.text)
        let exchange = fixture.exchange(agent: nil)
        addMembers(to: exchange)
        fixture.lane.append(exchange)
        let line = fixture.finish()[0]
        #expect(line.hasSuffix(#" - tenant=a\x20\x22b\x22\x0a count=12 list=[1,\x22x\x20y\x22] none="#))
    }

    /// Policies are refused these names, so that no line has one twice.
    @Test func namesOfALineAreFixed() throws {
        let fixture = try LogFixture()
        let exchange = fixture.exchange()
        exchange.upstreamStarted = exchange.started
        exchange.request.fields.append("Referer", "https://x.test/")
        exchange.error = GatewayError(.upstreamReset)
        exchange.identify(Principal(method: "api-key", subject: "slk_1", consumer: Consumer(name: "mobile")))
        fixture.lane.append(exchange, route: route, endpoint: endpoint)
        let line = fixture.finish()[0]
        #expect(line.contains(#""consumer":"mobile","credential":"slk_1""#))
        let names = line.matches(of: /[{,]"(\w+)":/).map { String($0.output.1) }
        // `policies` is written by policy timing, as a member.
        #expect(Set(names).union(["policies"]) == LogMember.fixedNames)
    }

    @Test func timeIsThatOfTheBeginning() throws {
        let fixture = try LogFixture()
        // The fixture's clock is not the machine's: what counts is how long ago the exchange began on it.
        let started = Instant.wallClock
        let exchange = fixture.exchange()
        fixture.backend.now = fixture.backend.now + .seconds(1000)
        fixture.loop.turnBegan()
        fixture.lane.append(exchange)
        let line = fixture.finish()[0]
        let stamps = [started - .seconds(1000), Instant.wallClock - .seconds(1000)].map { time in
            let out = ByteBuffer()
            Timestamp(time).writeRFC3339(to: out)
            return out.view.string
        }
        let time = String(line.dropFirst(9).prefix(24))
        #expect(stamps[0] <= time && time <= stamps[1])
    }

    @Test func aTrustedPeersRequestIDIsKept() throws {
        let fixture = try LogFixture()
        let exchange = fixture.exchange()
        exchange.request.fields.append("X-Request-Id", "edge~7")
        #expect(exchange.keepRequestID(try #require(exchange.request.fields[.xRequestID])))
        fixture.lane.append(exchange)
        let other = fixture.exchange()
        other.request.fields.append("X-Request-Id", "mine")
        fixture.lane.append(other)
        let lines = fixture.finish()
        #expect(lines[0].contains(#""requestId":"edge~7""#))
        #expect(lines[1].contains(#""requestId":"0192f0c1-"#))
    }

    @Test(arguments: [
        ("plain /~é漢🐟", "plain /~é漢🐟"), ("a\"b\\c", #"a\"b\\c"#), ("\u{0}\u{1}\n\r\t\u{1f}\u{7f}", #"\u0000\u0001\n\r\t\u001f\u007f"#), ("", ""),
    ])
    func escapesJSON(text: String, expected: String) {
        let out = ByteBuffer()
        text.withView { out.append(jsonEscaped: $0) }
        #expect(out.view.string == expected)
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80],
            [0xf0, 0x9f, 0x90],
        ] as [[UInt8]])
    func whatIsNotUTF8IsEscapedByteByByte(bytes: [UInt8]) {
        let out = ByteBuffer()
        ([UInt8(ascii: "a")] + bytes + [UInt8(ascii: "b")]).withView { out.append(jsonEscaped: $0) }
        #expect(out.view.string == "a" + bytes.map { #"\\x"# + String($0, radix: 16) }.joined() + "b")
    }

    @Test func textFormat() throws {
        let fixture = try LogFixture(.text)
        let exchange = fixture.exchange(agent: "a \"quoted\" agent\u{e9}")
        exchange.attempts = 2
        exchange.status = 504
        exchange.upstreamStarted = exchange.started
        exchange.error = GatewayError(.upstreamTimeout, .upstream)
        fixture.backend.now = fixture.backend.now + 1_500_000
        fixture.loop.turnBegan()
        fixture.lane.append(exchange, route: route, endpoint: endpoint)
        fixture.lane.appendConnection(reason: .tooManyConnections, listener: "web", peer: .loopback)
        let lines = fixture.finish()
        let day = #/\d\d/[A-Z][a-z][a-z]/20\d\d:\d\d:\d\d:\d\d \+0000/#
        #expect(
            lines[0].replacing(day, with: "T") == #"""
                10.0.0.9 - - [T] "GET /a?q=1 HTTP/1.1" 504 512 "-" "a \x22quoted\x22 agent\xc3\xa9" 0.001500 0.001500 api.test web catalog read-product catalog 127.0.0.1:9001 2 0192f0c1-0000-7001-8000-000000000002 upstream_timeout
                """#)
        #expect(lines[1].replacing(day, with: "T") == #"127.0.0.1 - - [T] "-" - 0 "-" "-" 0.000000 - - web - - - - 0 - too_many_connections"#)
    }

    @Test func aFullBatchIsHandedOverAtOnceAndAnOldOneInTime() async throws {
        let fixture = try LogFixture()
        fixture.lane.append(fixture.exchange())
        fixture.lane.flush()
        #expect(fixture.writer.written == 0)
        fixture.backend.now = fixture.backend.now + .milliseconds(120)
        fixture.loop.turn()
        await until { fixture.writer.written == 1 }
        let long = fixture.exchange(target: "/" + String(repeating: "x", count: 20_000))
        fixture.lane.append(long)
        fixture.lane.flush()
        await until { fixture.writer.written == 2 }
        #expect(fixture.finish()[1].utf8.count > 20_000)
    }

    @Test func hugePartsAreCutAndKeepTheirRecordWhole() throws {
        let fixture = try LogFixture()
        fixture.lane.append(fixture.exchange(target: String(repeating: "/", count: 200_000)))
        fixture.lane.append(fixture.exchange())
        let lines = fixture.finish()
        #expect(lines.count == 2)
        #expect(lines[0].utf8.count < 70_000)
        #expect(lines[1].contains(#""path":"/a?q=1""#))
    }

    @Test func reopeningFollowsTheName() async throws {
        let fixture = try LogFixture()
        let old = fixture.folder + "/old.log"
        fixture.lane.append(fixture.exchange(target: "/before"))
        fixture.lane.flush(force: true)
        await until { fixture.writer.written == 1 }
        rename(fixture.path, old)
        fixture.writer.reopen()
        await until { access(fixture.path, F_OK) == 0 }
        fixture.lane.append(fixture.exchange(target: "/after"))
        #expect(fixture.finish().map { $0.contains("/after") } == [true])
        #expect(fixture.lines(old).map { $0.contains("/before") } == [true])
    }

    @Test func aFileThatCannotBeOpenedIsAnError() {
        #expect(throws: SystemError.self) { try AccessLogWriter(path: "/nonexistent/access.log") }
    }

    @Test func whatAWriterCannotKeepUpWithIsDroppedAndCounted() async throws {
        let fixture = try LogFixture()
        let pipe = fixture.folder + "/pipe"
        mkfifo(pipe, 0o600)
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let writer = try AccessLogWriter(path: pipe, limit: 512 << 10)
        let lane = AccessLogLane(loop: fixture.loop, writer: writer)
        let exchange = fixture.exchange(target: "/" + String(repeating: "x", count: 4000))
        // Nobody reads: the pipe fills, then the queue.
        var appended: UInt64 = 0
        while writer.dropped == 0 {
            lane.append(exchange)
            lane.flush()
            appended += 1
            try #require(appended < 100_000)
        }
        #expect(!writer.close(within: .milliseconds(20)))
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var received: UInt64 = 0
        while !writer.close(within: .milliseconds(1)) {
            let count = read(reader, &bytes, bytes.count)
            if count > 0 { received += UInt64(bytes[..<count].count { $0 == 0x0a }) }
        }
        while true {
            let count = read(reader, &bytes, bytes.count)
            if count <= 0 { break }
            received += UInt64(bytes[..<count].count { $0 == 0x0a })
        }
        #expect(received == writer.written)
        lane.close()
        #expect(writer.written + writer.dropped == appended)
    }

    @Test func writingThatFailsIsCountedAndTold() async throws {
        let fixture = try LogFixture()
        let told = Told()
        let writer = try AccessLogWriter(path: "/dev/full") { error in told.add(error) }
        let lane = AccessLogLane(loop: fixture.loop, writer: writer)
        for _ in 0..<3 {
            lane.append(fixture.exchange())
            lane.flush(force: true)
        }
        lane.close()
        #expect(writer.close())
        #expect(writer.failed == 3)
        #expect(told.errors.map(\.code) == [ENOSPC])
    }
}
