import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

/// What the server writes for what a handler gives it.
@Suite struct ResponseTests {
    private func answer(
        _ request: String, _ write: @escaping (Exchange, any Downstream) -> Void
    ) throws -> (text: String, client: TestPeer, rig: ServerRig) {
        let rig = try ServerRig()
        rig.handle = { exchange in
            exchange.response.status = 200
            if let downstream = exchange.downstream { write(exchange, downstream) }
        }
        let client = rig.client()
        return (rig.ask(client, request), client, rig)
    }

    @Test func chunks() throws {
        let (text, client, _) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = .chunked
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("hello"))
            downstream.sendBody(ByteView())
            downstream.sendBody(ByteView("0123456789abcdefg"))
            let trailers = HeaderFields()
            trailers.append("x-sum", "7")
            downstream.sendEnd(trailers: trailers)
        }
        #expect(
            text == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n11\r\n0123456789abcdefg\r\n0\r\nx-sum: 7\r\n\r\n")
        #expect(!client.sawEnd && client.sends == 1)
    }

    @Test func aBodyOfUnknownLengthIsChunked() throws {
        let (text, client, _) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = .untilClose
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("x"))
            downstream.sendEnd(trailers: nil)
        }
        #expect(text == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" && !client.sawEnd)
    }

    /// RFC 9110 §9.3.2: the head is that of a GET, without the body.
    @Test func headHasNoBody() throws {
        let request = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
        let own = try answer(request) { exchange, _ in ServerRig.reply(exchange, 200, "hello") }
        #expect(own.text == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        let forwarded = try answer(request) { exchange, downstream in
            exchange.response.fields.append("content-length", "1234")
            downstream.sendHead(exchange)
            downstream.sendEnd(trailers: nil)
        }
        #expect(forwarded.text == "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n")
        let chunked = try answer(request) { exchange, downstream in
            exchange.response.framing = .chunked
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("x"))
            downstream.sendEnd(trailers: nil)
        }
        #expect(chunked.text == "HTTP/1.1 200 OK\r\n\r\n")
        #expect(own.rig.ask(own.client, .get()) == ServerRig.wire("hello"), "the connection stays in step")
    }

    @Test(arguments: [(204, "HTTP/1.1 204 No Content\r\n\r\n"), (304, "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n")])
    func statusesWithoutABody(_ status: Int, _ expected: String) throws {
        let (text, _, _) = try answer(.get()) { exchange, downstream in
            exchange.response.status = status
            exchange.response.fields.append("content-length", "9")
            exchange.response.framing = .length(9)
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("forbidden"))
            downstream.sendEnd(trailers: nil)
        }
        #expect(text == expected)
    }

    @Test func anEmptyBodySaysSo() throws {
        let (text, _, _) = try answer(.get()) { exchange, downstream in
            downstream.sendHead(exchange)
            downstream.sendEnd(trailers: nil)
        }
        #expect(text == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    }

    @Test func moreThanAnnouncedIsCutOff() throws {
        let (text, client, _) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = .length(3)
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("ab"))
            downstream.sendBody(ByteView("cdef"))
            downstream.sendEnd(trailers: nil)
        }
        #expect(text == "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc" && !client.sawEnd)
    }

    @Test func lessThanAnnouncedIsNoWholeResponse() throws {
        let (_, client, rig) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = .length(3)
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("ab"))
            downstream.sendEnd(trailers: nil)
        }
        #expect(client.sawReset)
        #expect(rig.takeLog() == ["GET / 200 internal_error"])
    }

    @Test func anAbortedResponseIsAReset() throws {
        let (_, client, rig) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = .chunked
            downstream.sendHead(exchange)
            downstream.sendBody(ByteView("ab"))
            downstream.flush()
            downstream.abort(GatewayError(.upstreamIncomplete, .upstream))
        }
        #expect(client.sawReset && rig.takeLog() == ["GET / 200 upstream_incomplete"] && rig.pool.inUse == 0)
    }

    @Test func interimResponses() throws {
        func send(_ exchange: Exchange, _ downstream: any Downstream) {
            exchange.response.status = 103
            exchange.response.fields.append("link", "x")
            downstream.sendInformational(exchange)
            exchange.response.clear()
            ServerRig.reply(exchange, 200, "ok")
        }
        let modern = try answer(.get()) { send($0, $1) }
        #expect(modern.text == "HTTP/1.1 103 \(StatusText.phrase(103))\r\nlink: x\r\n\r\n" + ServerRig.wire("ok"))
        let old = try answer("GET / HTTP/1.0\r\n\r\n") { send($0, $1) }
        #expect(old.text == ServerRig.wire("ok", "connection: close\r\n"), "HTTP/1.0 knows none")
    }

    /// A large body goes out in few calls and is the same in the end.
    @Test(arguments: [false, true]) func largeBodies(_ isChunked: Bool) throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let (text, client, _) = try answer(.get()) { exchange, downstream in
            exchange.response.framing = isChunked ? .chunked : .length(body.count)
            downstream.sendHead(exchange)
            body.withView { downstream.sendBody($0.prefix(10)) }
            body.withView { downstream.sendBody($0[10..<40_000]) }
            body.withView { downstream.sendBody($0.dropFirst(40_000)) }
            downstream.sendEnd(trailers: nil)
        }
        let head = isChunked ? "transfer-encoding: chunked" : "content-length: 300000"
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n"))
        #expect(client.sends <= 5, "\(client.sends) calls")
        #expect(text.hasSuffix(isChunked ? "\r\n0\r\n\r\n" : String(decoding: body.suffix(1), as: UTF8.self)))
    }

    /// RFC 9110 §6.6.1: every response has one date, the origin's if it gave one.
    @Test func dates() throws {
        let rig = try ServerRig()
        rig.handle = { exchange in
            if exchange.request.path == "/dated" { exchange.response.fields.append("Date", "Sun, 06 Nov 1994 08:49:37 GMT") }
            ServerRig.reply(exchange, 200, "ok")
        }
        let client = rig.client()
        client.send(.get() + .get("/dated"))
        rig.network.settle()
        let answers = client.takeText()
        #expect(answers.lowercased().split(separator: "\r\ndate: ").count == 3)
        #expect(answers.contains("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
    }

    // MARK: Slow clients

    private func slow(_ progress: (TestPeer, MemoryNetwork, Int) -> Void) throws -> (ServerRig, TestPeer) {
        let rig = try ServerRig { $0.progressTimeout = .seconds(60) }
        rig.handle = { ServerRig.reply($0, 200, String(repeating: "x", count: 1000)) }
        let client = rig.client(capacity: 100)
        client.send(.get())
        rig.network.settle()
        for round in 0..<6 { progress(client, rig.network, round) }
        return (rig, client)
    }

    @Test func aClientThatTakesNothingIsCutOff() throws {
        let (rig, client) = try slow { _, network, round in if round == 0 { network.advance(.seconds(61)) } }
        #expect(client.sawReset && rig.server.counters.timeouts == 1 && rig.server.openConnections == 0)
    }

    @Test func aClientThatTakesAByteAtATimeIsNot() throws {
        let (rig, client) = try slow { client, network, _ in
            _ = client.take(1)
            network.advance(.seconds(50))
        }
        #expect(!client.isClosed && rig.server.counters.timeouts == 0)
        rig.network.advance(.seconds(130))
        #expect(client.sawReset)
    }

    @Test func aClientThatWasSlowIsServedOn() throws {
        let (rig, client) = try slow { client, network, _ in
            _ = client.take()
            network.advance(.seconds(10))
        }
        for _ in 0..<10 {
            _ = client.take()
            rig.network.settle()
        }
        rig.network.advance(.seconds(70))
        client.capacity = 1 << 20
        #expect(rig.ask(client, .get()).hasSuffix("xxx") && !client.isClosed, "what follows is the idle time-out")
    }

    /// While the client is slow, the upstream half is told to wait, and told when it may go on.
    @Test func theUpstreamWaitsForASlowClient() throws {
        let rig = try ServerRig()
        var sink: BodySink?
        var exchange: Exchange?
        rig.handle = {
            exchange = $0
            sink = BodySink($0)
            $0.response.status = 200
            $0.response.framing = .length(300)
            $0.downstream?.sendHead($0)
        }
        let client = rig.client(capacity: 100)
        client.send(.get())
        rig.network.settle()
        let downstream = try #require(exchange?.downstream)
        String(repeating: "x", count: 200).withView { downstream.sendBody($0) }
        #expect(!downstream.flush() && downstream.isBackedUp)
        _ = client.take()
        rig.network.settle()
        #expect(sink?.writables == 0, "not before everything is taken")
        for _ in 0..<3 {
            _ = client.take()
            rig.network.settle()
        }
        #expect(sink?.writables == 1 && downstream.flush())
    }
}
