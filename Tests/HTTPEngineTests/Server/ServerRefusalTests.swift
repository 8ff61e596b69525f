import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct ServerRefusalTests {
    @Test func aRequestThatBreaksTheProtocolIsTheLast() throws {
        let rig = try ServerRig()
        let client = rig.client()
        let answer = rig.ask(client, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" + .get("/smuggled"))
        #expect(answer == ServerRig.wire("bad_header", status: "400 Bad Request", "connection: close\r\n"))
        #expect(client.sawEnd && rig.server.counters.requests == 1 && rig.server.counters.protocolErrors == 1)
        client.send(.get("/more"))
        rig.network.settle()
        #expect(client.takeText().undated == "")
    }

    @Test func goodRequestsBeforeABadOneAreAnswered() throws {
        let rig = try ServerRig()
        let client = rig.client()
        let answers = rig.ask(client, .get("/1") + .get("/2") + "nonsense\r\n\r\n")
        #expect(answers.hasPrefix(ServerRig.wire("GET /1") + ServerRig.wire("GET /2") + "HTTP/1.1 400 "))
        #expect(rig.takeLog().count == 3)
    }

    /// Whatever the table refuses is refused on the wire, with the same reason, and the connection ends.
    @Test func everyRefusedHead() throws {
        for row in try CaseFile.byteRows("requests.txt") {
            let expected = String(decoding: row[1], as: UTF8.self)
            guard !expected.contains(" "), expected != "incomplete" else { continue }
            let rig = try ServerRig()
            let client = rig.client()
            client.send(row[0])
            rig.network.settle()
            let answer = client.takeText().undated
            #expect(answer.hasSuffix("connection: close\r\n\r\n\(expected)"), "\(printable(row[0])): \(answer)")
            #expect(client.sawEnd)
        }
    }

    @Test func tooManyConnections() throws {
        let rig = try ServerRig { $0.connections = 2 }
        let clients = (0..<3).map { _ in rig.client() }
        rig.network.settle()
        #expect(rig.server.counters.refused == 1 && rig.server.openConnections == 2 && rig.connectionFailures == [.tooManyConnections])
        let refusal = clients[2].takeText().undated
        #expect(refusal.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && clients[2].sawEnd)
        // It is a well-formed response of the length that it says.
        let head = ResponseHead()
        let result = refusal.withView { ResponseHeadParser.parse($0, method: .get, limits: HeadLimits(), into: head) }
        guard case .complete(let length) = result else {
            Issue.record("\(refusal)")
            return
        }
        #expect(head.framing == .length(refusal.utf8.count - length) && !head.keepAlive)
        #expect(rig.ask(clients[0], .get()) == ServerRig.wire("GET /"))
        clients[1].sendEnd()
        rig.network.settle()
        #expect(rig.ask(rig.client(), .get()) == ServerRig.wire("GET /"), "there is room again")
    }

    @Test func aClientThatLeavesWhileItsAnswerIsAwaited() throws {
        let rig = try ServerRig()
        var sink: BodySink?
        rig.handle = { sink = BodySink($0) }
        let client = rig.client()
        client.send(.get())
        rig.network.settle()
        client.reset()
        rig.network.settle()
        #expect(sink?.cancelled?.reason == .clientClosed)
        #expect(rig.takeLog() == ["GET / 0 client_closed"] && rig.server.openConnections == 0)
    }

    @Test func aClientThatLeavesWhileItIsAnswered() throws {
        let rig = try ServerRig()
        var exchange: Exchange?
        var sink: BodySink?
        rig.handle = {
            exchange = $0
            sink = BodySink($0)
        }
        let client = rig.client(capacity: 10)
        client.send(.get())
        rig.network.settle()
        let open = try #require(exchange)
        open.response.status = 200
        open.response.framing = .chunked
        open.downstream?.sendHead(open)
        open.downstream?.flush()
        client.reset()
        rig.network.settle()
        #expect(sink?.cancelled?.reason == .clientClosed && rig.pool.inUse == 0)
    }

    // MARK: PROXY protocol

    private func proxied(_ trusted: [String] = []) throws -> (ServerRig, TestPeer) {
        let rig = try ServerRig(trusted: trusted.compactMap { CIDR(parsing: $0) }) { $0.proxyProtocol = true }
        rig.handle = { ServerRig.reply($0, 200, "\($0.client.peer):\($0.client.port) \($0.client.isTrusted)") }
        return (rig, rig.client())
    }

    @Test(arguments: [1, 4, 1000]) func proxyHeadersNameTheClient(_ size: Int) throws {
        let (rig, client) = try proxied()
        let bytes = Array(("PROXY TCP4 192.0.2.77 198.51.100.2 4711 80\r\n" + .get() + .get()).utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            client.send(Array(bytes[start..<min(start + size, bytes.count)]))
            rig.network.settle()
        }
        #expect(client.takeText().undated == ServerRig.wire("192.0.2.77:4711 false") + ServerRig.wire("192.0.2.77:4711 false"))
    }

    @Test func withoutTheHeaderNothingIsServed() throws {
        let (rig, client) = try proxied()
        #expect(rig.ask(client, .get()) == "" && client.isClosed)
        #expect(rig.connectionFailures == [.badProxyProtocol] && rig.server.counters.requests == 0)
    }

    @Test func onlyTrustedPeersMaySendIt() throws {
        let header = "PROXY TCP4 192.0.2.77 198.51.100.2 4711 80\r\n"
        let (rig, client) = try proxied(["203.0.113.0/24"])
        #expect(rig.ask(client, header + .get()) == "" && client.isClosed)
        let (other, balancer) = try proxied(["198.51.100.0/24"])
        #expect(other.ask(balancer, header + .get()) == ServerRig.wire("192.0.2.77:4711 false"), "what is behind it is not trusted by that")
        let (third, local) = try proxied(["198.51.100.0/24", "192.0.2.0/24"])
        #expect(third.ask(local, header + .get()) == ServerRig.wire("192.0.2.77:4711 true"))
        let (fourth, checker) = try proxied(["198.51.100.0/24"])
        #expect(fourth.ask(checker, "PROXY UNKNOWN\r\n" + .get()) == ServerRig.wire("198.51.100.7:40000 true"))
    }

    @Test func aProxyHeaderThatNeverComes() throws {
        let (rig, client) = try proxied()
        client.send("PROXY TCP4 ")
        rig.network.advance(.seconds(11))
        #expect(client.isClosed && rig.connectionFailures == [.headerTimeout])
    }
}
