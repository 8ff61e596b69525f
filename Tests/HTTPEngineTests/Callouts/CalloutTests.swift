import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@Suite struct CalloutTests {
    let rig = CalloutRig()

    @Test func aRequestAndItsAnswer() throws {
        let asked = try rig.send("http://192.0.2.1:8080/introspect?x=1") {
            $0.method = "POST"
            $0.headers = [("content-type", "text/plain")]
            $0.body = Array("question".utf8)
        }
        let peer = try #require(rig.accept())
        #expect(
            peer.takeText()
                == "POST /introspect?x=1 HTTP/1.1\r\nhost: 192.0.2.1:8080\r\nuser-agent: sluice\r\ncontent-type: text/plain\r\n"
                + "content-length: 8\r\n\r\nquestion")
        rig.answer(peer, "yes", "X-A: b\r\n")
        #expect(asked.text == "200 yes" && asked.response?.headers.last?.value == "b")
        #expect(!peer.isClosed)
    }

    @Test func connectionsAreUsedAgain() throws {
        let first = try rig.send()
        let peer = try #require(rig.accept())
        rig.answer(peer)
        let second = try rig.send("http://192.0.2.1:80/other")
        #expect(rig.accept() == nil)
        rig.answer(peer, "again")
        #expect(first.text == "200 ok" && second.text == "200 again")
    }

    @Test func originsDoNotShare() throws {
        let first = try rig.send()
        rig.answer(try #require(rig.accept()))
        let second = try rig.send("http://192.0.2.1:81/")
        rig.answer(try #require(rig.accept()))
        let third = try rig.send { $0.version = .http2 }
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        peer.answer(1)
        rig.network.settle()
        #expect(first.text == "200 ok" && second.text == "200 ok" && third.text == "200 ok")
    }

    @Test func overHTTP2OneConnectionCarriesMany() throws {
        func call(_ body: String) throws -> CalloutRig.Asked {
            try rig.send {
                $0.version = .http2
                $0.method = "POST"
                $0.body = Array(body.utf8)
            }
        }
        let first = try call("one")
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        let second = try call("two")
        #expect(rig.accept() == nil)
        let bodies = peer.frames(FramePeer.data).map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(bodies == ["one", "two"])
        peer.answer(3, "second")
        peer.head(1)
        peer.body(1, "first")
        peer.head(1, status: nil, [("grpc-status", "0")], isLast: true)
        rig.network.settle()
        #expect(first.text == "200 first" && second.text == "200 second")
        #expect(first.response?.trailers.map(\.value) == ["0"])
    }

    @Test func anotherStatusIsNoFailure() throws {
        let asked = try rig.send()
        let peer = try #require(rig.accept())
        peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        rig.network.settle()
        #expect(asked.text == "503 ")
    }

    @Test func tooLongAnAnswer() throws {
        let asked = try rig.send { $0.mostBytes = 4 }
        let peer = try #require(rig.accept())
        rig.answer(peer, "12345")
        #expect(asked.text == "upstream_bad_response" && peer.isClosed)
    }

    @Test func silence() throws {
        let asked = try rig.send { $0.timeout = .seconds(2) }
        let peer = try #require(rig.accept())
        rig.network.advance(.milliseconds(1900))
        #expect(!asked.isOver)
        rig.network.advance(.milliseconds(200))
        #expect(asked.text == "upstream_timeout" && peer.isClosed)
    }

    @Test func aConnectionThatMayBeDeadTakesNoMore() throws {
        let first = try rig.send {
            $0.version = .http2
            $0.timeout = .seconds(1)
        }
        _ = FramePeer(try #require(rig.accept()))
        rig.network.advance(.milliseconds(1100))
        #expect(first.text == "upstream_timeout")
        let second = try rig.send { $0.version = .http2 }
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        peer.answer(1)
        rig.network.settle()
        #expect(second.text == "200 ok")
    }

    @Test func nobodyWaitsAnyMore() throws {
        let asked = try rig.send()
        let peer = try #require(rig.accept())
        asked.cancel()
        rig.network.settle()
        #expect(asked.text == "client_closed" && peer.isClosed)
    }

    @Test func nobodyListens() throws {
        rig.network.route(MemoryNetwork.address(1), .refused)
        #expect(try rig.send().text == "upstream_connect_failed")
    }

    // MARK: Connections that die

    /// Leaves an idle connection, which dies as soon as it is used again.
    private func die(_ change: @escaping (inout Callout) -> Void) throws -> CalloutRig.Asked {
        let first = try rig.send()
        let peer = try #require(rig.accept())
        rig.answer(peer)
        #expect(first.text == "200 ok")
        let second = try rig.send("http://192.0.2.1/", change)
        peer.reset()
        rig.network.settle()
        return second
    }

    @Test func onceMoreWhenTheMethodAllowsIt() throws {
        let asked = try die { _ in }
        rig.answer(try #require(rig.accept()), "again")
        #expect(asked.text == "200 again")
    }

    @Test func onceMoreWhenTheCallerAllowsIt() throws {
        let asked = try die {
            $0.method = "POST"
            $0.body = Array("q".utf8)
            $0.isRepeatable = true
        }
        let peer = try #require(rig.accept())
        #expect(peer.takeText().hasSuffix("content-length: 1\r\n\r\nq"))
        rig.answer(peer, "again")
        #expect(asked.text == "200 again")
    }

    @Test func neverTwiceOtherwise() throws {
        let asked = try die {
            $0.method = "POST"
            $0.body = Array("q".utf8)
        }
        #expect(asked.text == "upstream_reset" && rig.accept() == nil)
    }

    @Test func aNewConnectionThatDiesIsTheAnswer() throws {
        let asked = try rig.send()
        try #require(rig.accept()).reset()
        rig.network.settle()
        #expect(asked.text == "upstream_reset" && rig.accept() == nil)
    }
}
