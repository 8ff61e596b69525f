import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import SharedState

@Suite struct RedisSentinelTests {
    private func rig(routes: [SocketAddress: MemoryRoute] = [:]) -> RedisRig {
        RedisRig(.sentinel(RedisSentinelSettings(master: "mymaster", servers: [RedisRig.server(10), RedisRig.server(11)])), routes: routes)
    }

    private func master(_ last: Int) -> String { "*2\r\n$9\r\n192.0.2.\(last)\r\n$4\r\n6379\r\n" }

    /// A sentinel that names the server `last`.
    private func sentinel(_ rig: RedisRig, names last: Int) throws -> TestPeer {
        let sentinel = try #require(rig.accept())
        #expect(rig.taken(sentinel) == "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster")
        sentinel.send(master(last))
        #expect(rig.taken(sentinel) == "SUBSCRIBE +switch-master")
        sentinel.send(">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n")
        return sentinel
    }

    @Test func theMasterIsAskedFor() throws {
        let rig = rig()
        rig.get("a")
        let sentinel = try sentinel(rig, names: 1)
        #expect(sentinel.dialled == RedisRig.address(10))
        let master = try #require(rig.accept("master"))
        #expect(master.dialled == RedisRig.address(1))
        #expect(rig.taken(master) == "GET a")
        master.send(":1\r\n")
        #expect(rig.results == ["a: 1"])
    }

    @Test func anotherMasterIsFollowed() throws {
        let rig = rig()
        let sentinel = try sentinel(rig, names: 1)
        let old = try #require(rig.accept("master"))
        sentinel.send(">3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$36\r\nother 192.0.2.1 6379 192.0.2.9 63790\r\n")
        rig.network.settle()
        #expect(!old.isClosed)
        sentinel.send(">3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$38\r\nmymaster 192.0.2.1 6379 192.0.2.2 6379\r\n")
        rig.network.settle()
        #expect(old.isClosed)
        let new = try #require(rig.accept("master"))
        #expect(new.dialled == RedisRig.address(2))
        rig.get("a")
        #expect(rig.taken(new) == "GET a")
    }

    @Test func aMasterThatIsGoneIsAskedForAgain() throws {
        let rig = rig()
        let sentinel = try sentinel(rig, names: 1)
        let old = try #require(rig.accept("master"))
        rig.network.advance(.seconds(3))
        rig.network.route(RedisRig.address(1), .refused)
        old.close()
        #expect(rig.taken(sentinel).hasPrefix("SENTINEL GET-MASTER-ADDR-BY-NAME mymaster"))
        _ = rig.dialled()
        sentinel.send(master(2))
        let new = try #require(rig.accept("master"))
        #expect(new.dialled == RedisRig.address(2))
        #expect(rig.server.isUp)
    }

    /// Before RESP3, messages look like answers.
    @Test func sentinelsThatSpeakRESP2AreListenedTo() throws {
        let rig = RedisRig(.sentinel(RedisSentinelSettings(master: "mymaster", servers: [RedisRig.server(10)]))) { $0.asksForRESP3 = false }
        func accept(_ role: String?) throws -> TestPeer {
            let peer = try #require(rig.dialled())
            #expect(rig.taken(peer) == "CLIENT SETNAME sluice")
            peer.send("+OK\r\n")
            if let role {
                #expect(rig.taken(peer) == "ROLE")
                peer.send("*1\r\n$\(role.utf8.count)\r\n\(role)\r\n")
            }
            #expect(rig.taken(peer) == "PING")
            peer.send("+PONG\r\n")
            return peer
        }
        let sentinel = try accept(nil)
        #expect(rig.taken(sentinel) == "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster")
        sentinel.send(master(1))
        #expect(rig.taken(sentinel) == "SUBSCRIBE +switch-master")
        sentinel.send("*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n")
        _ = try accept("master")
        rig.network.advance(.seconds(3))
        sentinel.send("*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$38\r\nmymaster 192.0.2.1 6379 192.0.2.2 6379\r\n")
        let new = try accept("master")
        #expect(new.dialled == RedisRig.address(2))
        // A sign of life is asked for all the same, and answered in another form.
        rig.network.advance(.milliseconds(10_030))
        #expect(rig.taken(sentinel) == "PING")
        sentinel.send("*2\r\n$4\r\npong\r\n$0\r\n\r\n")
        new.send("+PONG\r\n")
        rig.network.advance(.seconds(2))
        #expect(!sentinel.isClosed)
    }

    @Test func whyNoSentinelAnswersIsTold() {
        let rig = rig(routes: [RedisRig.address(10): .refused, RedisRig.address(11): .refused])
        rig.get("a")
        rig.network.advance(.milliseconds(70))
        #expect(rig.results == ["a: unavailable"])
        #expect(rig.server.failure?.hasPrefix("no sentinel answers: no connection to 192.0.2.1") == true)
    }

    @Test func aReplicaIsNotTakenForTheMaster() throws {
        let rig = rig()
        let sentinel = try sentinel(rig, names: 1)
        let demoted = try #require(rig.accept("slave"))
        #expect(demoted.isClosed)
        rig.network.advance(.milliseconds(100))
        #expect(rig.taken(sentinel).contains("GET-MASTER-ADDR-BY-NAME") || rig.dialled()?.dialled == RedisRig.address(1))
        #expect(!rig.server.isUp)
    }

    @Test func anotherSentinelIsAsked() throws {
        let rig = rig(routes: [RedisRig.address(10): .refused])
        _ = rig.dialled()
        rig.network.advance(.milliseconds(100))
        let second = try sentinel(rig, names: 1)
        #expect(second.dialled == RedisRig.address(11))
        #expect(rig.accept("master") != nil)
    }

    @Test func aSentinelThatKnowsNoMasterIsLeft() throws {
        let rig = rig()
        let first = try #require(rig.accept())
        _ = rig.taken(first)
        first.send("_\r\n")
        rig.network.settle()
        #expect(first.isClosed)
        var asked: [SocketAddress?] = []
        for _ in 0..<40 {
            if let next = rig.accept() {
                asked.append(next.dialled)
                _ = rig.taken(next)
                next.send("_\r\n")
            }
            rig.network.advance(.milliseconds(100))
        }
        // In turn, and no faster than the pauses let them.
        #expect(Set(asked) == [RedisRig.address(10), RedisRig.address(11)])
        #expect(asked.count < 20)
    }
}

@Suite struct RedisClusterTests {
    /// `slots` of three nodes, as far as they are there: the first has 0 to 5460 and so on.
    private func map(_ nodes: [Int]) -> String {
        let borders = [(0, 5460), (5461, 10922), (10923, 16383)]
        let entries = zip(nodes, borders).map { node, range in
            "*3\r\n:\(range.0)\r\n:\(range.1)\r\n*3\r\n$9\r\n192.0.2.\(node)\r\n:6379\r\n$2\r\nid\r\n"
        }
        return "*\(entries.count)\r\n" + entries.joined()
    }

    /// A lane that knows three nodes, and their connections by their numbers.
    private func cluster(_ change: (inout RedisClientSettings) -> Void = { _ in }) throws -> (RedisRig, [Int: TestPeer]) {
        let rig = RedisRig(.cluster([RedisRig.server(1)]), change)
        let first = try #require(rig.accept())
        #expect(rig.taken(first) == "CLUSTER SLOTS")
        first.send(map([1, 2, 3]))
        var peers = [1: first]
        for _ in 0..<2 {
            let peer = try #require(rig.accept())
            peers[peer.dialled == RedisRig.address(2) ? 2 : 3] = peer
        }
        return (rig, peers)
    }

    @Test func keysGoToTheirNodes() throws {
        let (rig, peers) = try cluster()
        for peer in peers.values { _ = rig.taken(peer) }
        // 12182, 866, and the tag's.
        for key in ["foo", "hello", "x{foo}"] { rig.get(key) }
        #expect(rig.taken(peers[3]!) == "GET foo; GET x{foo}")
        #expect(rig.taken(peers[1]!) == "GET hello")
        #expect(rig.taken(peers[2]!) == "")
    }

    @Test func redirectionsAreFollowed() throws {
        let (rig, peers) = try cluster { $0.timeout = .seconds(5) }
        rig.network.advance(.seconds(1))
        for peer in peers.values { _ = rig.taken(peer) }
        rig.get("foo")
        #expect(rig.taken(peers[3]!) == "GET foo")
        peers[3]!.send("-MOVED 12182 192.0.2.2:6379\r\n")
        rig.network.settle()
        // The map is asked for too, of any node.
        let second = rig.taken(peers[2]!)
        #expect(second.contains("GET foo"))
        if second.hasPrefix("CLUSTER") { peers[2]!.send(map([1, 2, 3])) }
        peers[2]!.send("-ASK 12182 192.0.2.1:6379\r\n")
        rig.network.settle()
        #expect(rig.taken(peers[1]!).contains("ASKING; GET foo"))
        #expect(rig.results == [])
    }

    @Test func aNewNodeIsReached() throws {
        let (rig, peers) = try cluster { $0.timeout = .seconds(5) }
        rig.get("foo")
        _ = rig.taken(peers[3]!)
        peers[3]!.send("-ASK 12182 192.0.2.4:6379\r\n")
        let fourth = try #require(rig.accept())
        #expect(fourth.dialled == RedisRig.address(4))
        #expect(rig.taken(fourth) == "ASKING; GET foo")
        fourth.send("+OK\r\n$1\r\n1\r\n")
        #expect(rig.results == ["foo: \"1\""])
    }

    @Test func whoGoesRoundInCirclesGetsAnError() throws {
        let (rig, peers) = try cluster { $0.timeout = .seconds(5) }
        rig.get("foo")
        for _ in 0..<20 {
            for (node, peer) in peers {
                let taken = rig.taken(peer)
                guard taken.contains("GET foo") else { continue }
                peer.send("\(taken.contains("ASKING") ? "+OK\r\n" : "")-ASK 12182 192.0.2.\(node % 3 + 1):6379\r\n")
                rig.network.settle()
            }
        }
        #expect(rig.results == ["foo: refused"])
    }

    @Test func theMapIsAskedForWhenANodeIsLost() throws {
        let (rig, peers) = try cluster()
        rig.network.advance(.seconds(3))
        for peer in peers.values { _ = rig.taken(peer) }
        rig.network.route(RedisRig.address(3), .refused)
        peers[3]!.close()
        rig.network.settle()
        let asked = try #require([1, 2].first { rig.taken(peers[$0]!) == "CLUSTER SLOTS" })
        rig.get("foo")
        #expect(rig.results == ["foo: unavailable"])
        peers[asked]!.send(map([1, 2, 5]))
        while let peer = rig.dialled() {
            guard peer.dialled == RedisRig.address(5) else { continue }
            _ = rig.taken(peer)
            peer.send("%0\r\n")
            _ = rig.taken(peer)
            peer.send("+PONG\r\n")
            rig.get("foo")
            #expect(rig.taken(peer).contains("GET foo"))
            return
        }
        Issue.record("the new node was not reached")
    }

    @Test func mapsThatAreNoneChangeNothing() throws {
        func parsed(_ text: String) -> Int? { Array(text.utf8).withView { RedisSlotMap(RedisReply($0), from: "192.0.2.1")?.ranges.count } }
        #expect(parsed(map([1, 2, 3])) == 3)
        #expect(parsed("*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n_\r\n:6379\r\n") == 1)
        for flaw in [
            "*0\r\n", "+OK\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n", "*1\r\n*3\r\n:5\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n",
            "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
        ] { #expect(parsed(flaw) == nil, "\(flaw)") }
    }
}
