import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct FetcherTests {
    let network = MemoryNetwork()
    let fetcher: Fetcher
    let address = MemoryNetwork.address(1, port: 8080)

    init() { fetcher = Fetcher(loop: network.loop) }

    private final class Answer {
        var results: [Result<FetchResponse, GatewayError>] = []
        var text: String {
            switch results.first {
            case nil: "none"
            case .success(let response): "\(response.status) \(String(decoding: response.body, as: UTF8.self))"
            case .failure(let error): "\(error.reason.code)"
            }
        }
    }

    private func start(_ change: (inout FetchRequest) -> Void = { _ in }) -> Answer {
        var request = FetchRequest(address: address)
        change(&request)
        let answer = Answer()
        fetcher.start(request) { answer.results.append($0) }
        network.settle()
        return answer
    }

    @Test func overHTTP2() throws {
        let answer = start {
            $0.version = .http2
            $0.method = "POST"
            $0.body = Array("question".utf8)
        }
        let peer = FramePeer(try #require(network.dialled()))
        network.settle()
        #expect(peer.frames(FramePeer.data).map { String(decoding: $0.payload, as: UTF8.self) } == ["question"])
        peer.head(1)
        peer.body(1, "answer")
        peer.head(1, status: nil, [("grpc-status", "5")], isLast: true)
        network.settle()
        #expect(answer.text == "200 answer" && peer.peer.isClosed)
        #expect(try answer.results.first?.get().trailers.map(\.value) == ["5"])
    }

    @Test func aRequestAndItsAnswer() throws {
        let answer = start {
            $0.target = "/healthz?x=1"
            $0.headers = [("X-A", "b")]
        }
        let peer = try #require(network.dialled())
        #expect(peer.takeText() == "GET /healthz?x=1 HTTP/1.1\r\nhost: 192.0.2.1:8080\r\nuser-agent: sluice\r\nconnection: close\r\nX-A: b\r\n\r\n")
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-B: c\r\n\r\nhello")
        network.settle()
        #expect(answer.text == "200 hello" && answer.results.count == 1 && peer.isClosed)
        guard case .success(let response) = answer.results[0] else { return }
        #expect(response.headers.map { "\($0.name): \($0.value)" } == ["Content-Length: 5", "X-B: c"])
    }

    @Test func withABodyAndAHost() throws {
        let answer = start {
            $0.method = "POST"
            $0.host = "h.example"
            $0.body = Array("payload".utf8)
        }
        let peer = try #require(network.dialled())
        let text = peer.takeText()
        #expect(text.hasPrefix("POST / HTTP/1.1\r\nhost: h.example\r\n") && text.hasSuffix("content-length: 7\r\n\r\npayload"))
        peer.send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        network.settle()
        #expect(answer.text == "201 ok")
    }

    @Test func aLargeBodyGoesOutWhole() throws {
        let answer = start { $0.body = [UInt8](repeating: 0x61, count: 100_000) }
        let peer = try #require(network.dialled())
        #expect(peer.takeText().count > 100_000)
        peer.send(LaneRig.ok)
        network.settle()
        #expect(answer.text == "200 ok")
    }

    @Test(arguments: [
        ("", "end", "upstream_reset"), ("nonsense", "", "upstream_bad_response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "end", "upstream_incomplete"),
        ("HTTP/1.1 200 OK\r\n\r\nall", "end", "200 all"), ("HTTP/1.1 100 Continue\r\n\r\n" + LaneRig.ok, "", "200 ok"),
        ("HTTP/1.1 204 No\r\n\r\n", "", "204 "),
    ]) func answers(_ bytes: String, _ end: String, _ expected: String) throws {
        let answer = start()
        let peer = try #require(network.dialled())
        peer.send(bytes)
        if !end.isEmpty { peer.sendEnd() }
        network.settle()
        #expect(answer.text == expected && answer.results.count == 1 && peer.isClosed)
    }

    @Test(arguments: ["Content-Length: 3000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nbb8\r\n", "\r\n"]) func answersThatAreTooLong(
        _ framing: String
    ) throws {
        let answer = start { $0.mostBytes = 1000 }
        let peer = try #require(network.dialled())
        peer.send("HTTP/1.1 200 OK\r\n\(framing)" + String(repeating: "x", count: 3000))
        network.settle()
        #expect(answer.text == "upstream_bad_response" && answer.results.count == 1 && peer.isClosed)
    }

    @Test func connectingFails() throws {
        network.route(address, .refused)
        #expect(start().text == "upstream_connect_failed")
        network.route(address, MemoryRoute(refusesAtOnce: 1))
        #expect(start().text == "upstream_connect_failed")
        network.route(address, .silent)
        let answer = start { $0.connectTimeout = .seconds(2) }
        network.advance(.milliseconds(1900))
        #expect(answer.text == "none")
        network.advance(.milliseconds(200))
        #expect(answer.text == "upstream_connect_timeout" && answer.results.count == 1)
    }

    @Test func theWholeExchangeHasATime() throws {
        let answer = start { $0.timeout = .seconds(5) }
        let peer = try #require(network.dialled())
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
        for _ in 0..<6 {
            network.advance(.seconds(1))
            peer.send("x")
        }
        #expect(answer.text == "upstream_total_timeout" && peer.isClosed)
    }

    @Test func manyAtOnce() throws {
        let answers = (0..<20).map { _ in start() }
        var peers: [TestPeer] = []
        while let peer = network.dialled() { peers.append(peer) }
        #expect(peers.count == 20)
        for (i, peer) in peers.reversed().enumerated() { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(10 + i)") }
        network.settle()
        #expect(answers.map(\.text) == (0..<20).map { "200 \(29 - $0)" })
    }
}
