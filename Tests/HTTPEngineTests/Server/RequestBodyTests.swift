import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct RequestBodyTests {
    private let chunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    private final class Taken {
        var sink: BodySink!
        var exchange: Exchange!
    }

    private func uploading(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> (ServerRig, TestPeer, Taken) {
        let rig = try ServerRig(change)
        let taken = Taken()
        rig.handle = {
            taken.exchange = $0
            taken.sink = BodySink($0)
        }
        return (rig, rig.client(), taken)
    }

    @Test func aBodyOfKnownLength() throws {
        let (rig, client, taken) = try uploading()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        rig.network.settle()
        #expect(taken.sink.text == "hello" && !taken.sink.hasEnded)
        client.send("worldGET")
        rig.network.settle()
        #expect(taken.sink.text == "helloworld" && taken.sink.hasEnded && taken.exchange.requestBytes == 10)
    }

    /// What nobody takes stays in the kernel, so the client slows down.
    @Test func backPressure() throws {
        let (rig, client, taken) = try uploading()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        rig.network.settle()
        taken.sink.takesMore = false
        rig.network.backend.readSize = 10_000
        for _ in 0..<50 {
            client.send([UInt8](repeating: 1, count: 10_000))
            rig.network.settle()
        }
        #expect(taken.sink.bytes.count == 10_000 && client.unread >= 480_000)
        taken.sink.takesMore = true
        taken.exchange.downstream?.wantsRequestBody()
        rig.network.settle()
        #expect(taken.sink.bytes.count == 500_000 && client.unread == 0)
    }

    @Test func aBodyThatNobodyWantsYetWaits() throws {
        let rig = try ServerRig()
        var exchange: Exchange?
        rig.handle = { exchange = $0 }
        let client = rig.client()
        client.send(.post("hello"))
        for _ in 0..<30 {
            client.send([UInt8](repeating: 1, count: 10_000))
            rig.network.settle()
        }
        #expect(client.unread > 100_000)
        let sink = BodySink(try #require(exchange))
        #expect(sink.text == "hello" && sink.hasEnded)
    }

    // MARK: Expect

    @Test func theClientWaitsForA100() throws {
        let (rig, client, taken) = try uploading()
        #expect(rig.ask(client, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n") == "")
        taken.exchange.response.status = 100
        taken.exchange.downstream?.sendInformational(taken.exchange)
        taken.exchange.response.clear()
        #expect(client.takeText().undated == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(rig.ask(client, "hello") == "" && taken.sink.text == "hello")
        ServerRig.reply(taken.exchange, 200, "ok")
        #expect(client.takeText().undated == ServerRig.wire("ok"))
        #expect(rig.ask(client, .get()) == "" && rig.server.counters.requests == 2)
    }

    /// The body of a refused request may or may not come: nobody can tell what follows.
    @Test func refusingInPlaceOfA100EndsTheConnection() throws {
        let rig = try ServerRig()
        let client = rig.client()
        let answer = rig.ask(client, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(answer == ServerRig.wire("PUT /", "connection: close\r\n") && client.sawEnd)
    }

    @Test func unknownExpectations() throws {
        let rig = try ServerRig()
        let client = rig.client()
        #expect(rig.ask(client, .get("/", "Expect: tea\r\n")).hasPrefix("HTTP/1.1 417 Expectation Failed\r\n"))
    }

    // MARK: Answers before the body is there

    @Test func theRestOfAShortBodyIsSwallowed() throws {
        let rig = try ServerRig()
        let client = rig.client()
        #expect(rig.ask(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel") == ServerRig.wire("POST /"))
        #expect(rig.ask(client, "lowor") == "")
        #expect(rig.ask(client, "ld" + .get("/2")) == ServerRig.wire("GET /2"))
        #expect(rig.server.counters.accepted == 1)
    }

    @Test(arguments: ["Content-Length: 1000000", "Transfer-Encoding: chunked"]) func theRestOfALongBodyIsNot(_ field: String) throws {
        let rig = try ServerRig()
        let client = rig.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")
        rig.network.settle()
        client.send([UInt8](repeating: 0x61, count: 50_000))
        rig.network.settle()
        // The answer is not destroyed by a reset, although the client is still sending.
        #expect(client.takeText().undated == ServerRig.wire("POST /", "connection: close\r\n"))
        #expect(client.sawEnd && !client.isClosed)
        client.sendEnd()
        rig.network.settle()
        #expect(client.isClosed && !client.sawReset)
    }

    @Test func anAnswerInTheMiddleOfTheBodyCancelsTheUpload() throws {
        let (rig, client, taken) = try uploading()
        client.send(chunkedHead + "5\r\nhello\r\n")
        rig.network.settle()
        ServerRig.reply(taken.exchange, 413, "enough")
        rig.network.settle()
        #expect(client.takeText().undated == ServerRig.wire("enough", status: "413 Content Too Large", "connection: close\r\n"))
        #expect(taken.sink.cancelled != nil && client.sawEnd)
    }

    // MARK: Bodies that go wrong

    @Test func aMalformedChunkCancelsTheUploadAndIsRefused() throws {
        let (rig, client, taken) = try uploading()
        #expect(rig.ask(client, chunkedHead + "5\r\nhello\r\nXYZ\r\n" + .get()).contains("bad_chunk"))
        #expect(taken.sink.cancelled?.reason == .badChunk && !taken.sink.hasEnded && client.sawEnd)
        #expect(rig.takeLog() == ["POST / 400 bad_chunk"] && rig.pool.inUse == 0)
    }

    @Test func aMalformedChunkAfterTheAnswerHasBegunResets() throws {
        let (rig, client, taken) = try uploading()
        client.send(chunkedHead)
        rig.network.settle()
        taken.exchange.response.status = 200
        taken.exchange.response.framing = .chunked
        taken.exchange.downstream?.sendHead(taken.exchange)
        taken.exchange.downstream?.flush()
        client.send("XYZ\r\n")
        rig.network.settle()
        #expect(client.sawReset && rig.takeLog() == ["POST / 200 bad_chunk"])
    }

    @Test func aClientThatLeavesInTheMiddle() throws {
        for leave in [{ (client: TestPeer) in client.sendEnd() }, { $0.reset() }] {
            let (rig, client, taken) = try uploading()
            client.send(chunkedHead + "5\r\nhel")
            rig.network.settle()
            leave(client)
            rig.network.settle()
            #expect(taken.sink.cancelled?.reason == .clientClosed && !taken.sink.hasEnded)
            #expect(rig.takeLog() == ["POST / 0 client_closed"] && rig.pool.inUse == 0 && rig.server.openConnections == 0)
        }
    }

    @Test func aBodyThatMakesNoProgress() throws {
        let (rig, client, taken) = try uploading { $0.progressTimeout = .seconds(5) }
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for _ in 0..<5 {
            rig.network.advance(.seconds(4))
            client.send("x")
        }
        rig.network.settle()
        #expect(taken.sink.cancelled == nil && taken.sink.text == "xxxxx", "a byte now and then is progress")
        rig.network.advance(.seconds(6))
        #expect(taken.sink.cancelled?.reason == .bodyTimeout)
        #expect(client.takeText().undated.contains("body_timeout") && client.sawEnd)
        #expect(rig.takeLog() == ["POST / 408 body_timeout"])
    }

    /// An answer that was taken slowly does not excuse a body that stands still.
    @Test func aBodyThatStandsStillBesideAnAnswer() throws {
        let rig = try ServerRig { $0.progressTimeout = .seconds(5) }
        var sink: BodySink?
        rig.handle = {
            sink = BodySink($0)
            $0.response.status = 200
            $0.response.framing = .length(1000)
            $0.downstream?.sendHead($0)
            $0.downstream?.flush()
        }
        let client = rig.client(capacity: 20)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel")
        for _ in 0..<10 {
            rig.network.settle()
            _ = client.take()
        }
        #expect(sink?.text == "hel" && sink?.cancelled == nil)
        rig.network.advance(.seconds(6))
        #expect(sink?.cancelled?.reason == .bodyTimeout)
    }

    /// While it is the upstream that takes nothing, the client is not to blame.
    @Test func anUpstreamThatTakesNothingIsNotTheClientsFault() throws {
        let (rig, client, taken) = try uploading { $0.progressTimeout = .seconds(5) }
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        rig.network.settle()
        taken.sink.takesMore = false
        client.send([UInt8](repeating: 1, count: 50_000))
        rig.network.settle()
        client.send([UInt8](repeating: 1, count: 10_000))
        rig.network.advance(.seconds(20))
        #expect(taken.sink.cancelled == nil && client.takeText() == "")
        taken.sink.takesMore = true
        taken.exchange.downstream?.wantsRequestBody()
        rig.network.advance(.seconds(6))
        #expect(taken.sink.cancelled?.reason == .bodyTimeout, "now it is the client again that is waited for")
    }
}
