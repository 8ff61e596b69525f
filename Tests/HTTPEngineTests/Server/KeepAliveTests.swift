import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct KeepAliveTests {
    @Test func oneRequestAfterTheOther() throws {
        let rig = try ServerRig()
        let client = rig.client()
        for i in 0..<5 { #expect(rig.ask(client, .get("/\(i)")) == ServerRig.wire("GET /\(i)")) }
        #expect(rig.server.counters.accepted == 1 && rig.server.counters.requests == 5 && rig.server.openConnections == 1)
        #expect(rig.pool.inUse == 0, "a connection at rest holds no exchange")
        #expect(client.sends == 5, "one system call an answer")
    }

    @Test func theClientMayEndIt() throws {
        let rig = try ServerRig()
        let client = rig.client()
        #expect(rig.ask(client, .get("/", "Connection: close\r\n") + .get("/2")) == ServerRig.wire("GET /", "connection: close\r\n"))
        #expect(client.sawEnd && rig.server.openConnections == 0)
        client.sendEnd()
        rig.network.settle()
        #expect(client.isClosed && !client.sawReset)
        #expect(rig.takeLog() == ["GET / 200"])
    }

    @Test func atRestTheClientLeaves() throws {
        let rig = try ServerRig()
        let client = rig.client()
        _ = rig.ask(client, .get())
        client.sendEnd()
        rig.network.settle()
        #expect(client.isClosed && rig.server.openConnections == 0)
    }

    @Test func requestsOnOneConnectionAreBounded() throws {
        let rig = try ServerRig { $0.requestsPerConnection = 2 }
        let client = rig.client()
        #expect(rig.ask(client, .get("/1")) == ServerRig.wire("GET /1"))
        #expect(rig.ask(client, .get("/2")) == ServerRig.wire("GET /2", "connection: close\r\n"))
        #expect(client.sawEnd)
    }

    // MARK: HTTP/1.0

    @Test func http10ClosesUnlessAsked() throws {
        let rig = try ServerRig()
        let one = rig.client(), two = rig.client()
        #expect(rig.ask(one, "GET / HTTP/1.0\r\n\r\n") == ServerRig.wire("GET /", "connection: close\r\n"))
        #expect(one.sawEnd)
        let text = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        #expect(rig.ask(two, text) == ServerRig.wire("GET /", "connection: keep-alive\r\n"))
        #expect(rig.ask(two, text) == ServerRig.wire("GET /", "connection: keep-alive\r\n"))
    }

    /// A client of 1.0 knows no chunks: the end of the connection is the end of the body.
    @Test func http10GetsNoChunks() throws {
        let rig = try ServerRig()
        rig.handle = { exchange in
            exchange.response.status = 200
            exchange.response.framing = .chunked
            exchange.downstream?.sendHead(exchange)
            exchange.downstream?.sendBody(ByteView("abc"))
            exchange.downstream?.sendEnd(trailers: nil)
        }
        let client = rig.client()
        #expect(rig.ask(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc")
        #expect(client.sawEnd)
    }

    // MARK: Pipelining

    @Test func aHundredRequestsAtOnce() throws {
        let rig = try ServerRig()
        var depth = 0, deepest = 0
        rig.handle = { exchange in
            depth += 1
            deepest = max(deepest, depth)
            defer { depth -= 1 }
            ServerRig.reply(exchange, 200, exchange.request.path.string)
        }
        let client = rig.client()
        let answers = rig.ask(client, (0..<100).map { .get("/\($0)") }.joined())
        #expect(answers == (0..<100).map { ServerRig.wire("/\($0)") }.joined())
        #expect(deepest == 1, "answering one request began the next inside of it, \(deepest) deep")
        #expect(rig.pool.inUse == 0)
    }

    /// The answers come later, in order; each lets the next request begin.
    @Test func aHundredRequestsAnsweredOneByOne() throws {
        let rig = try ServerRig()
        var waiting: [Exchange] = []
        rig.handle = { waiting.append($0) }
        let client = rig.client()
        client.send((0..<100).map { .get("/\($0)") }.joined())
        rig.network.settle()
        for i in 0..<100 {
            #expect(waiting.count == 1, "requests are taken one by one")
            guard let exchange = waiting.popLast() else { return }
            ServerRig.reply(exchange, 200, exchange.request.path.string)
            #expect(client.takeText().undated == ServerRig.wire("/\(i)"))
        }
        #expect(rig.pool.inUse == 0)
    }

    @Test func bodiesBetweenPipelinedRequests() throws {
        let rig = try ServerRig()
        var bodies: [String] = []
        rig.handle = { exchange in
            guard exchange.request.framing.hasBody else { return ServerRig.reply(exchange, 200, "none") }
            final class Echo: Upstream {
                let exchange: Exchange
                let done: (String) -> Void
                var bytes: [UInt8] = []
                init(_ exchange: Exchange, _ done: @escaping (String) -> Void) {
                    self.exchange = exchange
                    self.done = done
                }
                func requestBody(_ bytes: ByteView) -> Bool {
                    self.bytes += bytes.array
                    return true
                }
                func requestEnd(trailers: HeaderFields?) {
                    let text = String(decoding: bytes, as: UTF8.self)
                    done(text)
                    ServerRig.reply(exchange, 200, text)
                }
                func requestFlush() {}
                func cancel(_ error: GatewayError) {}
                func downstreamWritable() {}
            }
            exchange.upstream = Echo(exchange) { bodies.append($0) }
            exchange.downstream?.wantsRequestBody()
        }
        let client = rig.client()
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        let answers = rig.ask(client, .post("one") + .get() + chunked + .post("two"))
        #expect(answers == ["one", "none", "abcde", "two"].map { ServerRig.wire($0) }.joined())
        #expect(bodies == ["one", "abcde", "two"])
    }

    /// An answer that the client does not take holds the next request back.
    @Test func anUntakenAnswerHoldsTheNextRequestBack() throws {
        let rig = try ServerRig()
        let client = rig.client(capacity: 10)
        client.send(.get("/1") + .get("/2"))
        rig.network.settle()
        #expect(rig.server.counters.requests == 1)
        var all = ""
        for _ in 0..<40 {
            all += client.takeText()
            rig.network.settle()
        }
        #expect(all.undated == ServerRig.wire("GET /1") + ServerRig.wire("GET /2"))
        #expect(rig.server.counters.requests == 2)
    }

    /// However the bytes arrive, the answers are the same.
    @Test(arguments: [1, 2, 3, 5, 7, 11]) func piecesOfAnySize(_ size: Int) throws {
        let rig = try ServerRig()
        var bodies: [BodySink] = []
        rig.handle = { exchange in
            guard exchange.request.framing.hasBody else { return ServerRig.reply(exchange, 200, exchange.request.path.string) }
            bodies.append(BodySink(exchange))
        }
        let client = rig.client()
        let upload = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"
        let text = Array((.get("/a/../b") + upload).utf8)
        for start in stride(from: 0, to: text.count, by: size) {
            client.send(Array(text[start..<min(start + size, text.count)]))
            rig.network.settle()
        }
        #expect(client.takeText().undated == ServerRig.wire("/b"))
        #expect(bodies.count == 1 && bodies[0].text == "hello" && bodies[0].hasEnded && bodies[0].trailers == ["X-Sum: 7"])
    }
}
