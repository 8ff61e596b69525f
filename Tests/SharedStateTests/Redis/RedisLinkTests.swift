import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import SharedState

@Suite struct RedisLinkTests {
    // MARK: Commands

    @Test func commandsOfATurnGoOutTogether() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        let sends = peer.sends
        for name in ["a", "b", "c"] { rig.get(name) }
        #expect(rig.taken(peer) == "GET a; GET b; GET c")
        #expect(peer.sends == sends + 1)
        peer.send("$1\r\n1\r\n$-1\r\n")
        #expect(rig.results == ["a: \"1\"", "b: null"])
        peer.send("-ERR no\r\n")
        #expect(rig.results == ["c: refused"])
        #expect(rig.counters.commands == 3 && rig.counters.refused == 1 && rig.counters.writes == 1)
    }

    @Test func commandsWaitForTheConnection() throws {
        let rig = RedisRig()
        rig.get("early")
        let peer = try #require(rig.accept())
        #expect(rig.taken(peer) == "GET early")
        peer.send("+1\r\n")
        #expect(rig.results == ["early: \"1\""])
    }

    @Test func answersInPiecesAreAnswers() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.get("b")
        for byte in Array("*2\r\n:1\r\n$2\r\nxy\r\n:7\r\n".utf8) {
            peer.send([byte])
            rig.network.settle()
        }
        #expect(rig.results == ["a: [1, \"xy\"]", "b: 7"])
    }

    @Test func keysHaveThePrefix() throws {
        let rig = RedisRig { $0.keyPrefix = "shop:" }
        let peer = try #require(rig.accept())
        rig.get("a")
        #expect(rig.taken(peer) == "GET shop:a")
    }

    @Test func pushesAreNoAnswers() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.network.settle()
        peer.send(">2\r\n+invalidate\r\n_\r\n:1\r\n")
        #expect(rig.results == ["a: 1"])
    }

    @Test func tooManyAreRefusedAtOnce() throws {
        let rig = RedisRig { $0.mostWaiting = 2 }
        let peer = try #require(rig.accept())
        for name in ["a", "b", "c"] { rig.get(name) }
        #expect(rig.results == ["c: unavailable"])
        peer.send(":1\r\n")
        rig.network.settle()
        rig.get("d")
        rig.network.settle()
        peer.send(":2\r\n:3\r\n")
        #expect(rig.results == ["a: 1", "b: 2", "d: 3"])
    }

    /// A slow socket takes what it takes; nothing is sent twice or out of order.
    @Test func aFullSocketHoldsTheRestBack() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        peer.capacity = 30
        for index in 0..<20 {
            rig.get("k\(index)")
            rig.network.settle()
        }
        var bytes: [UInt8] = []
        while true {
            rig.network.settle()
            let more = peer.take()
            if more.isEmpty { break }
            bytes += more
        }
        #expect(RedisRig.words(bytes) == (0..<20).map { "GET k\($0)" }.joined(separator: "; "))
    }

    // MARK: Scripts

    @Test func anUnknownScriptIsSentOnce() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        let script = RedisScript("return 1")
        rig.run(script, "a")
        rig.get("b")
        #expect(rig.taken(peer) == "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 a; GET b")
        peer.send("-NOSCRIPT No matching script. Please use EVAL.\r\n:5\r\n")
        #expect(rig.results == ["b: 5"])
        #expect(rig.taken(peer) == "EVAL return 1 1 a")
        peer.send(":1\r\n")
        #expect(rig.results == ["a: 1"])
    }

    // MARK: Losses

    @Test func whatMayHaveBeenDoneIsNotRepeated() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.network.advance(.seconds(3))
        rig.get("sent")
        rig.get("harmless", isRepeatable: true)
        #expect(rig.taken(peer) == "GET sent; GET harmless")
        peer.reset()
        #expect(rig.results == ["sent: unavailable"])
        // The connection had been a good one: nobody is refused while it is made again.
        rig.get("new")
        let next = try #require(rig.accept())
        #expect(rig.taken(next) == "GET harmless; GET new")
        next.send(":1\r\n:2\r\n")
        #expect(rig.results == ["harmless: 1", "new: 2"])
        #expect(rig.counters.losses == 1 && rig.counters.connections == 2)
    }

    @Test func anEndIsALoss() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.network.settle()
        peer.close()
        #expect(rig.results == ["a: unavailable"])
        #expect(rig.accept() != nil)
    }

    @Test func garbageEndsTheConnection() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.get("b")
        rig.network.settle()
        peer.send(":1\r\nHTTP/1.1 400 Bad Request\r\n")
        #expect(rig.results == ["a: 1", "b: malformed"])
        #expect(peer.isClosed)
        rig.get("c")
        #expect(rig.results == ["c: malformed"])
        #expect(rig.accept() != nil)
    }

    @Test func anAnswerToNothingEndsTheConnection() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        peer.send(":1\r\n")
        #expect(rig.results == [])
        #expect(peer.isClosed)
    }

    @Test func aReplicaIsLeft() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.network.settle()
        peer.send("-READONLY You can't write against a read only replica.\r\n")
        #expect(rig.results == ["a: unavailable"])
        #expect(peer.isClosed)
    }

    // MARK: The breaker

    @Test func aFrozenServerIsWaitedForOnce() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.network.advance(.seconds(3))
        rig.get("a")
        rig.network.advance(.milliseconds(30))
        rig.get("b")
        #expect(rig.results == [])
        rig.network.advance(.milliseconds(40))
        #expect(rig.results == ["a: timeout", "b: timeout"])
        #expect(peer.isClosed)
        rig.get("c")
        #expect(rig.results == ["c: timeout"])
        #expect(rig.server.isOpen && rig.counters.openings == 1)
        // Its kernel takes connections, nobody answers on them.
        let silent = try #require(rig.dialled())
        rig.network.advance(.seconds(1))
        rig.network.advance(.milliseconds(200))
        #expect(silent.isClosed)
        // It runs again: the next probe, whenever chance lets it come, closes the breaker without any command.
        var answered = rig.accept()
        for _ in 0..<100 where answered == nil {
            rig.network.advance(.milliseconds(50))
            answered = rig.accept()
        }
        #expect(answered != nil)
        #expect(!rig.server.isOpen && rig.server.isUp)
        rig.get("d")
        #expect(rig.results == [])
    }

    @Test func whoeverCanNotBeReachedIsTriedAgain() throws {
        let rig = RedisRig(routes: [RedisRig.address(1): .refused])
        _ = rig.dialled()
        rig.get("a")
        #expect(rig.results == ["a: unavailable"])
        var attempts = 0
        for _ in 0..<100 {
            rig.network.advance(.milliseconds(100))
            while rig.dialled() != nil { attempts += 1 }
        }
        // At most a second apart, and soon not much less.
        #expect((10...30).contains(attempts))
        rig.network.route(RedisRig.address(1), MemoryRoute())
        rig.network.advance(.seconds(1))
        #expect(rig.accept() != nil)
        #expect(rig.server.isUp)
    }

    @Test func nobodyWaitsTwiceForAConnection() throws {
        let rig = RedisRig(routes: [RedisRig.address(1): .silent])
        rig.get("a")
        rig.network.advance(.milliseconds(70))
        #expect(rig.results == ["a: timeout"])
        rig.get("b")
        #expect(rig.results == ["b: timeout"])
    }

    @Test func anIdleConnectionIsAskedForASignOfLife() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.network.advance(.milliseconds(10_030))
        #expect(rig.taken(peer) == "PING")
        peer.send("+PONG\r\n")
        rig.network.advance(.seconds(5))
        #expect(rig.taken(peer) == "" && rig.server.isUp)
        rig.network.advance(.milliseconds(5030))
        #expect(rig.taken(peer) == "PING")
        rig.network.advance(.milliseconds(100))
        #expect(peer.isClosed && rig.server.isOpen)
    }

    // MARK: Settings

    @Test func otherSettingsAreOtherConnections() throws {
        let rig = RedisRig()
        let peer = try #require(rig.accept())
        rig.get("a")
        rig.network.settle()
        rig.lane.use(RedisClientSettings(.single(RedisRig.server(2))), nil)
        #expect(rig.results == ["a: unavailable"])
        #expect(peer.isClosed)
        let next = try #require(rig.accept())
        #expect(next.dialled == RedisRig.address(2))
        rig.lane.use(nil, nil)
        rig.get("b")
        #expect(rig.results == ["b: unavailable"])
        #expect(next.isClosed)
        #expect(rig.counters.commands == 1 && rig.counters.connections == 2)
    }

    /// Whatever the server does, every command ends once.
    @Test(arguments: 0..<40) func nothingIsLost(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let rig = RedisRig()
        var peers: [TestPeer] = []
        var expected: Set<String> = []
        var ended: [String] = []
        for index in 0..<300 {
            if let peer = rig.dialled() { peers.append(peer) }
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                expected.insert("k\(index)")
                rig.get("k\(index)", isRepeatable: Bool.random(using: &random))
            case 5, 6, 7:
                guard let peer = peers.last, !peer.isClosed else { continue }
                for command in rig.taken(peer).split(separator: ";") {
                    peer.send(command.hasPrefix("HELLO") ? "%0\r\n" : command.contains("PING") ? "+PONG\r\n" : ":1\r\n")
                }
            case 8: rig.network.advance(.milliseconds(Int.random(in: 0...200, using: &random)))
            default:
                guard let peer = peers.last else { continue }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: peer.reset()
                case 1: peer.close()
                case 2: peer.send("$3\r\nab")
                default: peer.send("?")
                }
            }
            ended += rig.results
        }
        rig.network.advance(.seconds(2))
        ended += rig.results
        let names = ended.map { String($0.prefix { $0 != ":" }) }
        #expect(names.count == Set(names).count)
        #expect(Set(names) == expected)
    }
}
