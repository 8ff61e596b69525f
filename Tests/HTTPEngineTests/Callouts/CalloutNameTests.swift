import Foundation
import GatewayCore
import HTTPEngine
import Reactor
import ReactorTesting
import Testing
import Upstreams

/// Callouts to names.
@Suite struct CalloutNameTests {
    let rig: CalloutRig

    init() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hosts-\(UUID().uuidString)")
        try "192.0.2.1 one.test two.test\n192.0.2.2 two.test\n".write(to: file, atomically: true, encoding: .utf8)
        var settings = ResolverSettings()
        settings.hostsFile = file.path
        settings.nameservers = []
        rig = CalloutRig(resolver: Resolver(settings))
    }

    @Test func theNameIsLookedUpOnce() throws {
        let first = try rig.send("http://one.test/a"), second = try rig.send("http://one.test/b")
        var peers: [TestPeer] = []
        #expect(
            rig.network.settle {
                while let peer = rig.network.dialled() { peers.append(peer) }
                return peers.count == 2
            })
        for peer in peers { rig.answer(peer, String(peer.takeText().prefix(6))) }
        #expect(first.text == "200 GET /a" && second.text == "200 GET /b")
        #expect(peers.allSatisfy { $0.dialled == MemoryNetwork.address(1) })
    }

    @Test func anotherAddressWhenNobodyListensOnTheFirst() throws {
        rig.network.route(MemoryNetwork.address(1), .refused)
        let asked = try rig.send("http://two.test/")
        var peer: TestPeer?
        #expect(
            rig.network.settle {
                while let next = rig.network.dialled() { peer = next }
                return peer?.dialled == MemoryNetwork.address(2)
            })
        rig.answer(try #require(peer))
        #expect(asked.text == "200 ok")
        // The next one begins there.
        try #require(peer).sendEnd()
        rig.network.settle()
        let again = try rig.send("http://two.test/")
        let next = try #require(rig.accept())
        #expect(next.dialled == MemoryNetwork.address(2))
        rig.answer(next, "again")
        #expect(again.text == "200 again")
    }

    @Test func aNameThatNobodyKnows() throws {
        let asked = try rig.send("http://three.test/")
        #expect(rig.network.settle { asked.isOver })
        #expect(asked.text == "upstream_connect_failed" && asked.detail.hasPrefix("The name three.test has no address"))
    }

    @Test func nobodyWaitsForTheName() throws {
        let asked = try rig.send("http://one.test/")
        asked.cancel()
        #expect(rig.network.settle { asked.isOver })
        #expect(asked.text == "client_closed")
    }
}
