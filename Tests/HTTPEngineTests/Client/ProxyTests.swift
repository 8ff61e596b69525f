import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Both halves together: a client, the gateway, an upstream.
@Suite struct ProxyTests {
    let rig: ServerRig
    let lane: UpstreamLane

    init() throws {
        let rig = try ServerRig()
        let lane = UpstreamLane(loop: rig.network.loop, settings: UpstreamSettings(), endpoints: LaneRig.endpoints([0]))
        rig.handle = {
            $0.request.fields.removeHopByHop()
            lane.send($0)
        }
        self.rig = rig
        self.lane = lane
    }

    private func dialled() throws -> TestPeer {
        rig.network.settle()
        return try #require(rig.network.dialled())
    }

    @Test func aHundredPipelinedRequests() throws {
        let client = rig.client()
        client.send((0..<100).map { .get("/\($0)") }.joined())
        let peer = try dialled()
        for i in 0..<100 {
            #expect(peer.takeText() == "GET /\(i) HTTP/1.1\r\nHost: a\r\n\r\n")
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(i % 10)!")
            rig.network.settle()
            #expect(client.takeText().undated == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\(i % 10)!")
        }
        #expect(rig.pool.inUse == 0 && lane.isQuiet && lane.endpoints[0].open == 1)
    }

    @Test func anUploadWithContinue() throws {
        let client = rig.client()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let peer = try dialled()
        #expect(peer.takeText() == "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        rig.network.settle()
        #expect(client.takeText() == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("hello")
        rig.network.settle()
        #expect(peer.takeText() == "hello")
        peer.send(LaneRig.ok)
        rig.network.settle()
        #expect(client.takeText().undated == ServerRig.wire("ok"))
    }

    /// Ten megabytes each way through small buffers: memory stays small, and everything arrives.
    @Test func backPressureBothWays() throws {
        rig.network.route(LaneRig.address(0), MemoryRoute(capacity: 5000))
        rig.network.backend.readSize = 4096
        let client = rig.client(capacity: 5000)
        let total = 200_000
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
        client.send([UInt8](repeating: 0x61, count: total))
        let peer = try dialled()
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(total, radix: 16))\r\n")
        peer.send([UInt8](repeating: 0x62, count: total))
        rig.network.settle()
        #expect(client.unread > total - 30_000 && peer.unread > total - 30_000)
        var up = 0, down = 0
        for _ in 0..<1000 where up < total || down < total {
            up += peer.take().count { $0 == 0x61 }
            down += client.take().count { $0 == 0x62 }
            rig.network.settle()
        }
        peer.send("\r\n0\r\n\r\n")
        rig.network.settle()
        #expect(up >= total && down == total && client.takeText().hasSuffix("0\r\n\r\n"))
        #expect(rig.pool.inUse == 0)
    }

    @Test func aClientThatLeavesTakesItsUpstreamExchangeAlong() throws {
        let client = rig.client()
        client.send(.get())
        let peer = try dialled()
        client.sendEnd()
        rig.network.settle()
        #expect(peer.isClosed && lane.isQuiet && rig.pool.inUse == 0)
    }

    @Test func aCutAnswerIsNotPassedOffAsAWholeOne() throws {
        for answer in ["Content-Length: 99\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
            let client = rig.client()
            client.send(.get())
            let peer = try dialled()
            peer.send("HTTP/1.1 200 OK\r\n\(answer)")
            peer.sendEnd()
            rig.network.settle()
            #expect(client.sawReset && !client.takeText().hasSuffix("0\r\n\r\n"))
        }
    }

    /// Two clients at once never see each other's bytes.
    @Test func manyClientsAtOnce() throws {
        let clients = (0..<20).map { _ in rig.client() }
        for round in 0..<3 {
            for (i, client) in clients.enumerated() { client.send(.get("/\(round)-\(i)")) }
            rig.network.settle()
            var fresh: [TestPeer] = []
            while let peer = rig.network.dialled() { fresh.append(peer) }
            peers.all += fresh
            for peer in peers.all {
                let path = peer.takeText().split(separator: " ")[1]
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
            rig.network.settle()
            for (i, client) in clients.enumerated() { #expect(client.takeText().hasSuffix("\r\n\r\n/\(round)-\(i)")) }
        }
        #expect(peers.all.count == 20 && lane.endpoints[0].idle.count == 20)
    }

    private final class Peers { var all: [TestPeer] = [] }
    private let peers = Peers()
}
