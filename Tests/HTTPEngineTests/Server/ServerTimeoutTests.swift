import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct ServerTimeoutTests {
    private func rig() throws -> ServerRig {
        try ServerRig {
            $0.headerTimeout = .seconds(10)
            $0.idleTimeout = .seconds(75)
        }
    }

    @Test func aConnectionThatSaysNothing() throws {
        let rig = try rig()
        let client = rig.client()
        rig.network.advance(.seconds(9))
        #expect(!client.isClosed)
        rig.network.advance(.seconds(2))
        #expect(client.isClosed && client.takeText().undated == "", "nobody asked, so nobody is answered")
        #expect(rig.takeLog() == [] && rig.connectionFailures == [.idleTimeout])
    }

    @Test func aHeadThatNeverEnds() throws {
        let rig = try rig()
        let client = rig.client()
        client.send("GET / HTTP/1.1\r\nX: ")
        for _ in 0..<9 {
            rig.network.advance(.seconds(1))
            client.send("y")
        }
        rig.network.settle()
        #expect(client.takeText().undated == "")
        rig.network.advance(.seconds(2))
        #expect(client.takeText().undated.contains("408 Request Timeout") && client.sawEnd, "a byte now and then is no excuse")
        #expect(rig.server.counters.timeouts == 1 && rig.pool.inUse == 0)
    }

    @Test func theSecondHeadHasItsOwnTime() throws {
        let rig = try rig()
        let client = rig.client()
        _ = rig.ask(client, .get())
        rig.network.advance(.seconds(60))
        client.send("GET / HT")
        rig.network.advance(.seconds(9))
        #expect(rig.ask(client, "TP/1.1\r\nHost: a\r\n\r\n") == ServerRig.wire("GET /"))
        rig.network.advance(.seconds(30))
        client.send("GET")
        rig.network.advance(.seconds(11))
        #expect(client.takeText().undated.contains("header_timeout"))
    }

    @Test func betweenRequests() throws {
        let rig = try rig()
        let client = rig.client()
        _ = rig.ask(client, .get())
        rig.network.advance(.seconds(74))
        #expect(rig.ask(client, .get()) == ServerRig.wire("GET /"))
        rig.network.advance(.seconds(74))
        #expect(!client.isClosed)
        rig.network.advance(.seconds(2))
        #expect(client.isClosed && client.takeText().undated == "" && !client.sawReset)
        #expect(rig.server.openConnections == 0 && rig.connectionFailures == [])
    }

    /// While an answer is awaited, the upstream's time-outs count, not the client's.
    @Test func anExchangeUnderWayIsNotTimed() throws {
        let rig = try rig()
        var exchange: Exchange?
        rig.handle = { exchange = $0 }
        let client = rig.client()
        client.send(.get())
        rig.network.advance(.seconds(1000))
        ServerRig.reply(try #require(exchange), 200, "late")
        #expect(client.takeText().undated == ServerRig.wire("late"))
    }

    @Test func theRestOfABodyThatNeverComes() throws {
        let rig = try rig()
        let client = rig.client()
        _ = rig.ask(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel")
        rig.network.advance(.seconds(80))
        #expect(client.isClosed && rig.server.openConnections == 0)
    }

    // MARK: Draining

    @Test func drainingEndsConnectionsAtRestAfterAMoment() throws {
        let rig = try rig()
        let idle = rig.client(), used = rig.client()
        _ = rig.ask(idle, .get())
        _ = rig.ask(used, .get())
        rig.server.drain(grace: .seconds(1))
        rig.network.settle()
        #expect(!rig.network.isListening(on: ServerRig.address) && !idle.isClosed)
        rig.network.advance(.milliseconds(500))
        // A request that was on its way is answered, and is the last.
        #expect(rig.ask(used, .get("/late")) == ServerRig.wire("GET /late", "connection: close\r\n") && used.sawEnd)
        rig.network.advance(.seconds(1))
        #expect(idle.isClosed && idle.takeText().undated == "" && rig.server.openConnections == 0)
    }

    @Test func drainingCompletesWhatIsUnderWay() throws {
        let rig = try rig()
        var exchange: Exchange?
        rig.handle = { exchange = $0 }
        let client = rig.client()
        client.send(.get())
        rig.network.settle()
        rig.server.drain(grace: .seconds(1))
        rig.network.advance(.seconds(5))
        #expect(!client.isClosed && rig.server.openConnections == 1)
        ServerRig.reply(try #require(exchange), 200, "done")
        #expect(client.takeText().undated == ServerRig.wire("done", "connection: close\r\n") && client.sawEnd)
        #expect(rig.server.openConnections == 0)
    }

    /// Who is told that the drain is over stops the process: nothing may be left to send.
    @Test func drainingIsNotOverWhileAnAnswerIsStillBeingTaken() throws {
        let rig = try rig()
        rig.handle = { ServerRig.reply($0, 200, String(repeating: "x", count: 1000)) }
        rig.server.drain(grace: .seconds(1))
        // Accepted before the drain began, in effect.
        let (connection, client) = rig.network.pair(ConnectionRecorder(), capacity: 100)
        rig.server.accept(connection)
        client.send(.get())
        rig.network.settle()
        #expect(client.waiting == 100 && connection.isBackedUp)
        #expect(rig.network.loop.lingering == 1)
        for _ in 0..<20 {
            _ = client.take()
            rig.network.settle()
        }
        client.sendEnd()
        rig.network.settle()
        #expect(rig.network.loop.lingering == 0 && client.isClosed && !client.sawReset)
    }

    @Test func closingEverything() throws {
        let rig = try rig()
        var cancelled: [BodySink] = []
        rig.handle = { cancelled.append(BodySink($0)) }
        let clients = (0..<3).map { _ in rig.client() }
        for client in clients.prefix(2) { client.send(.get()) }
        rig.network.settle()
        rig.server.closeAll()
        #expect(clients.allSatisfy(\.isClosed) && rig.server.openConnections == 0 && rig.pool.inUse == 0)
        #expect(cancelled.count == 2 && cancelled.allSatisfy { $0.cancelled?.reason == .draining })
    }
}
