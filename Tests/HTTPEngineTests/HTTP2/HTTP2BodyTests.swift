import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct HTTP2BodyTests {
    private func upload(_ more: [(String, String)] = []) throws -> (ServerRig, HTTP2Wire, BodySink) {
        let (rig, wire) = try ServerRig.http2()
        var sink: BodySink?
        var exchange: Exchange?
        rig.handle = {
            exchange = $0
            sink = BodySink($0)
        }
        wire.request(1, "POST", "/", more, ends: false)
        #expect(rig.hear(wire) == [])
        let found = try #require(sink)
        #expect(exchange?.request.framing == (more.isEmpty ? .chunked : .length(8)))
        return (rig, wire, found)
    }

    @Test(arguments: [[], [("content-length", "8")]])
    func uploads(fields: [(String, String)]) throws {
        let (rig, wire, sink) = try upload(fields)
        wire.data(1, "four")
        rig.network.settle()
        #expect(sink.text == "four" && !sink.hasEnded)
        wire.data(1, "more", ends: true)
        rig.network.settle()
        #expect(sink.text == "fourmore" && sink.hasEnded)
    }

    @Test func trailersOfARequest() throws {
        let (rig, wire, sink) = try upload()
        wire.data(1, "x")
        wire.headers(1, [("grpc-status", "0"), ("x", "y")])
        rig.network.settle()
        #expect(sink.text == "x" && sink.hasEnded && sink.trailers == ["grpc-status: 0", "x: y"])
    }

    @Test func aBodyOfAnotherLength() throws {
        let (rig, wire, sink) = try upload([("content-length", "8")])
        wire.data(1, "short", ends: true)
        #expect(rig.hear(wire) == ["1 reset 1"])
        #expect(!sink.hasEnded && sink.cancelled?.reason == .badFraming && rig.pool.inUse == 0)
    }

    @Test func aCancelledUpload() throws {
        let (rig, wire, sink) = try upload()
        wire.data(1, "x")
        wire.reset(1)
        rig.network.settle()
        #expect(sink.cancelled?.reason == .clientClosed && rig.takeLog() == ["POST / 0 client_closed"] && rig.pool.inUse == 0)
    }

    /// What nobody takes is not asked for: windows open when it is taken.
    @Test func slowUpstreams() throws {
        let (rig, wire) = try ServerRig.http2()
        var sink: BodySink?
        var exchange: Exchange?
        rig.handle = {
            exchange = $0
            sink = BodySink($0)
        }
        wire.request(1, "POST", "/", ends: false)
        rig.network.settle()
        sink?.takesMore = false
        let piece = String(repeating: "x", count: 16 << 10)
        for _ in 0..<8 { wire.data(1, piece) }
        #expect(!rig.hear(wire).contains { $0.hasPrefix("1 window") })
        #expect(sink?.bytes.count == 16 << 10, "one piece was taken before it said no")
        sink?.takesMore = true
        exchange?.downstream?.wantsRequestBody()
        #expect(rig.hear(wire).contains { $0.hasPrefix("1 window") })
        #expect(sink?.bytes.count == 128 << 10)
        wire.data(1, "", ends: true)
        rig.network.settle()
        #expect(sink?.hasEnded == true)
        wire.reset(1)
        rig.network.settle()
    }

    /// Upstreams share the loop's output: each is told that this was all before another one is given something.
    @Test func uploadsSideBySide() throws {
        let (rig, wire) = try ServerRig.http2()
        let journal = Journal()
        var sinks: [JournalSink] = []
        rig.handle = { sinks.append(JournalSink($0, journal)) }
        for id: UInt32 in [1, 3] { wire.request(id, "POST", ends: false) }
        wire.data(1, "a")
        wire.data(1, "b")
        wire.data(3, "c")
        wire.data(1, "d", ends: true)
        rig.network.settle()
        #expect(journal.lines == ["0 flush", "1 flush", "0 a", "0 b", "0 flush", "1 c", "1 flush", "0 d", "0 end", "0 flush"])
    }

    @Test func anEarlyAnswer() throws {
        let (rig, wire) = try ServerRig.http2()
        wire.request(1, "POST", "/", ends: false)
        wire.data(1, "x")
        #expect(rig.hear(wire) == ["1 head :status=200 content-length=6", "1 data POST / end", "1 reset 0"])
        wire.data(1, "late")
        wire.request(3)
        #expect(rig.hear(wire).first == "3 head :status=200 content-length=5", "what was on its way is ignored")
    }

    @Test func theClientsWindowIsKept() throws {
        let (rig, wire) = try ServerRig.http2(settings: [(4, 10)])
        rig.handle = { ServerRig.reply($0, 200, String(repeating: "x", count: 25)) }
        wire.request(1)
        #expect(rig.hear(wire) == ["1 head :status=200 content-length=25", "1 data xxxxxxxxxx"])
        wire.window(1, 10)
        #expect(rig.hear(wire) == ["1 data xxxxxxxxxx"])
        wire.window(1, 10)
        #expect(rig.hear(wire) == ["1 data xxxxx end"])
    }

    /// The upstream is told to wait when the client's window is shut, and to go on when it opens.
    @Test func slowClients() throws {
        let (rig, wire) = try ServerRig.http2(settings: [(4, 1000)])
        var held: Exchange?
        rig.handle = { held = $0 }
        wire.request(1)
        rig.network.settle()
        let exchange = try #require(held)
        let sink = BodySink(exchange)
        exchange.response.status = 200
        exchange.response.framing = .chunked
        exchange.downstream?.sendHead(exchange)
        let piece = [UInt8](repeating: 0x78, count: 16 << 10)
        var pieces = 0
        repeat {
            piece.withUnsafeBytes { exchange.downstream?.sendBody(ByteView($0)) }
            pieces += 1
        } while exchange.downstream?.flush() == true && pieces < 100
        #expect(pieces == 5, "64 KiB wait, and one frame's worth is in the window")
        #expect(rig.hear(wire) == ["1 head :status=200", "1 data (1000)"] && sink.writables == 0)
        wire.window(0, 1 << 20)
        wire.window(1, 1 << 20)
        rig.network.settle()
        #expect(sink.writables == 1)
        exchange.downstream?.sendEnd(trailers: nil)
        #expect(rig.hear(wire).last == "1 data  end" && wire.dataBytes == pieces * piece.count)
        #expect(rig.pool.inUse == 0)
    }

    @Test func answersWithoutABody() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = {
            let status = Int($0.request.path.dropFirst(1).string) ?? 200
            ServerRig.reply($0, status, status == 200 ? "body" : "")
        }
        wire.request(1, "HEAD", "/200")
        wire.request(3, "GET", "/204")
        wire.request(5, "GET", "/304")
        #expect(rig.hear(wire) == ["1 head :status=200 content-length=4 end", "3 head :status=204 end", "5 head :status=304 end"])
        #expect(rig.pool.inUse == 0)
    }

    @Test func namesInLowerCaseAndNothingOfTheConnection() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = { exchange in
            for (name, value) in [("X-Upper", "A"), ("Connection", "x"), ("Keep-Alive", "1"), ("Transfer-Encoding", "chunked"), ("Upgrade", "y")] {
                exchange.response.fields.append(name, value)
            }
            exchange.response.status = 103
            exchange.downstream?.sendInformational(exchange)
            exchange.response.status = 200
            exchange.response.framing = .chunked
            exchange.downstream?.sendHead(exchange)
            exchange.downstream?.sendBody(ByteView("body"))
            let trailers = HeaderFields()
            trailers.append("Grpc-Status", "0")
            exchange.downstream?.sendEnd(trailers: trailers)
        }
        wire.request(1)
        #expect(
            rig.hear(wire) == ["1 head :status=103 x-upper=A", "1 head :status=200 x-upper=A", "1 data body", "1 head grpc-status=0 end"])
    }

    @Test func aResponseThatBreaksOff() throws {
        let (rig, wire) = try ServerRig.http2()
        rig.handle = { exchange in
            exchange.response.status = 200
            exchange.response.framing = .length(10)
            exchange.downstream?.sendHead(exchange)
            exchange.downstream?.sendBody(ByteView("half"))
            exchange.downstream?.abort(GatewayError(.upstreamIncomplete))
        }
        wire.request(1)
        #expect(rig.hear(wire).last == "1 reset 2")
        #expect(rig.takeLog() == ["GET / 200 upstream_incomplete"] && rig.pool.inUse == 0)
    }

    /// Extended CONNECT (RFC 8441): the handler sees a GET that asks for an upgrade.
    @Test func tunnels() throws {
        let (rig, wire) = try ServerRig.http2()
        var held: Exchange?
        rig.handle = { held = $0 }
        wire.headers(
            1,
            [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"), (":authority", "a")], ends: false)
        rig.network.settle()
        let exchange = try #require(held)
        #expect(exchange.request.methodName == "GET" && exchange.request.method == .get)
        #expect(exchange.request.upgrade == "websocket" && exchange.request.path == "/chat" && exchange.request.framing == .none)
        exchange.tunnel = .open
        exchange.response.status = 101
        exchange.downstream?.sendHead(exchange)
        let sink = BodySink(exchange)
        wire.data(1, "up")
        exchange.downstream?.sendBody(ByteView("down"))
        #expect(rig.hear(wire) == ["1 head :status=200", "1 data down"] && sink.text == "up")
        exchange.downstream?.sendEnd(trailers: nil)
        #expect(rig.hear(wire) == ["1 data  end"] && rig.pool.inUse == 1, "the client's direction is open")
        wire.data(1, "!", ends: true)
        rig.network.settle()
        #expect(sink.text == "up!" && sink.hasEnded && rig.pool.inUse == 0)
    }
}

/// What several upstreams are told, in order.
private final class Journal {
    var lines: [String] = []
    var sinks = 0
}

private final class JournalSink: Upstream {
    private let journal: Journal
    private let number: Int

    init(_ exchange: Exchange, _ journal: Journal) {
        self.journal = journal
        number = journal.sinks
        journal.sinks += 1
        exchange.upstream = self
        exchange.downstream?.wantsRequestBody()
    }

    func requestBody(_ bytes: ByteView) -> Bool {
        journal.lines.append("\(number) \(bytes.string)")
        return true
    }
    func requestEnd(trailers: HeaderFields?) { journal.lines.append("\(number) end") }
    func requestFlush() { journal.lines.append("\(number) flush") }
    func cancel(_ error: GatewayError) {}
    func downstreamWritable() {}
}
