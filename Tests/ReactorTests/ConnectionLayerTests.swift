import Primitives
import Reactor
import ReactorTesting
import Testing

/// A connection with a layer over memory: what goes and comes through it, and how it ends.
@Suite struct ConnectionLayerTests {
    let network = MemoryNetwork()
    let recorder = ConnectionRecorder()
    let layer = TestLayer()

    private func pair(capacity: Int = 1 << 20) -> (Connection, TestPeer) {
        let (connection, peer) = network.pair(recorder, capacity: capacity)
        connection.layer = layer
        return (connection, peer)
    }

    /// A connection whose handshake is done.
    private func ready(capacity: Int = 1 << 20) -> (Connection, TestPeer) {
        let (connection, peer) = pair(capacity: capacity)
        peer.send(TestLayer.record("H"))
        network.settle()
        #expect(peer.take() == TestLayer.record("H"))
        #expect(recorder.take() == ["connected"])
        return (connection, peer)
    }

    private func send(_ connection: Connection, _ text: String, _ more: String = "") -> Bool {
        text.withView { first in more.withView { connection.send(first, $0) } }
    }

    // MARK: Handshakes

    @Test func theHandlerIsToldWhenTheHandshakeIsDone() {
        let (_, peer) = pair()
        network.settle()
        #expect(recorder.take() == [])
        peer.send(Array(TestLayer.record("H").prefix(1)))
        network.settle()
        #expect(recorder.take() == [] && peer.waiting == 0)
        peer.send(TestLayer.record("H").dropFirst() + TestLayer.record("D", "FIRST") + TestLayer.record("D", "SECOND"))
        network.settle()
        #expect(recorder.take() == ["connected", "received"] && recorder.text == "firstsecond")
    }

    @Test func whoConnectsSpeaksFirst() throws {
        let address = MemoryNetwork.address(1)
        let connection = try network.backend.connect(to: address, loop: network.loop, handler: recorder)
        connection.layer = TestLayer(connects: true)
        let peer = try #require(network.dialled())
        #expect(!send(connection, "early"))
        network.settle()
        #expect(peer.take() == TestLayer.record("H"))
        #expect(!send(connection, "too"))
        #expect(connection.isBackedUp && recorder.take() == [])
        peer.send(TestLayer.record("H"))
        network.settle()
        #expect(peer.take() == TestLayer.record("D", "EARLYTOO"))
        #expect(!connection.isBackedUp && recorder.take() == ["connected"])
    }

    @Test func exchangesComeBeforeHandshakes() {
        let (_, slow) = pair()
        let plain = ConnectionRecorder()
        let (_, quick) = network.pair(plain)
        var order: [String] = []
        layer.then = { order.append("handshake") }
        plain.then = { _ in order.append("exchange") }
        slow.send(TestLayer.record("H"))
        quick.send("request")
        network.settle()
        #expect(order == ["exchange", "handshake"])
    }

    @Test func oneTurnWorksOnHandshakesForABoundedTime() {
        var done = 0
        let peers = (0..<5).map { _ in
            let (connection, peer) = network.pair(ConnectionRecorder())
            let layer = TestLayer()
            layer.then = {
                done += 1
                network.backend.spend(.milliseconds(1))
            }
            connection.layer = layer
            return peer
        }
        for peer in peers { peer.send(TestLayer.record("H")) }
        network.turn()
        #expect(done == 2)
        network.turn()
        #expect(done == 4)
        network.settle()
        #expect(done == 5)
    }

    @Test func anEndDuringTheHandshakeIsALoss() {
        let (connection, peer) = pair()
        peer.sendEnd()
        network.settle()
        #expect(recorder.take() == ["lost handshake"] && connection.state == .closed)
    }

    @Test func thePeerIsToldWhyAHandshakeFails() {
        let (connection, peer) = pair()
        peer.send("X" + "\u{0}" + "rest")
        network.settle()
        #expect(peer.take() == TestLayer.record("A"))
        #expect(recorder.take() == ["lost record"] && connection.state == .lingering)
        peer.sendEnd()
        network.settle()
        #expect(connection.state == .closed && !peer.sawReset)
    }

    // MARK: Bytes

    @Test func twoViewsAreSealedAndGoInOneCall() {
        let (connection, peer) = ready()
        let before = peer.sends
        #expect(send(connection, "head ", "body"))
        #expect(peer.take() == TestLayer.record("D", "HEAD\u{0}BODY") && peer.sends == before + 1)
    }

    /// The kernel takes a part, at every place.
    @Test(arguments: 0...12) func partialWritesKeepTheOrder(_ room: Int) {
        let (connection, peer) = ready()
        peer.capacity = room
        #expect(send(connection, "hello", "world") == (room >= 12))
        #expect(connection.isBackedUp == (room < 12))
        if room < 12 { #expect(!send(connection, "!")) }
        peer.capacity = max(1, room)
        var all: [UInt8] = []
        for _ in 0..<30 {
            all += peer.take()
            network.turn()
        }
        #expect(all == TestLayer.record("D", "HELLOWORLD") + (room < 12 ? TestLayer.record("D", "\u{1}") : []))
        #expect(recorder.take() == (room < 12 ? ["drained"] : []))
    }

    @Test func whatIsSentDuringADeliveryIsSealed() {
        let (connection, peer) = ready()
        recorder.then = { if $0 == "received" { _ = send(connection, "answer") } }
        peer.send(TestLayer.record("D", "ASK"))
        network.settle()
        #expect(peer.take() == TestLayer.record("D", "ANSWER"))
    }

    @Test func closingDuringADeliveryEndsIt() {
        let (connection, peer) = ready()
        recorder.then = { if $0 == "received" { connection.close() } }
        peer.send(TestLayer.record("D", "ASK") + TestLayer.record("E"))
        network.settle()
        #expect(recorder.take() == ["received"] && connection.state == .closed)
    }

    @Test func aLayerThatBreaksLosesTheConnection() {
        let (connection, _) = ready()
        layer.isBroken = true
        #expect(send(connection, "x"))
        network.settle()
        #expect(recorder.take() == ["lost seal"] && connection.state == .closed)
    }

    // MARK: Ends

    @Test func anAnnouncedEndIsNotACut() {
        let (connection, peer) = ready()
        peer.send(TestLayer.record("D", "LAST") + TestLayer.record("E"))
        network.settle()
        peer.sendEnd()
        network.settle()
        #expect(recorder.take() == ["received", "ended"] && !connection.inputWasCut)
    }

    @Test func anEndWithoutNoticeIsACut() {
        let (connection, peer) = ready()
        peer.sendEnd()
        network.settle()
        #expect(recorder.take() == ["ended"] && connection.inputWasCut)
    }

    @Test func thePeerIsToldOfTheEnd() {
        let (connection, peer) = ready()
        connection.shutdownOutput()
        #expect(peer.take() == TestLayer.record("E") && peer.sawEnd)
        peer.send(TestLayer.record("D", "STILL"))
        network.settle()
        #expect(recorder.text == "still")
        connection.closeGracefully()
        #expect(peer.waiting == 0)
    }

    @Test func theEndWaitsForTheHandshake() {
        let (connection, peer) = pair()
        _ = send(connection, "early")
        connection.shutdownOutput()
        network.settle()
        #expect(!peer.sawEnd)
        peer.send(TestLayer.record("H"))
        network.settle()
        #expect(peer.take() == TestLayer.record("H") + TestLayer.record("D", "EARLY") + TestLayer.record("E"))
        #expect(peer.sawEnd)
    }

    @Test func closingGracefullySendsTheRestAndTheEnd() {
        let (connection, peer) = ready(capacity: 4)
        _ = send(connection, "answer")
        connection.closeGracefully()
        var all: [UInt8] = []
        for _ in 0..<10 {
            all += peer.take()
            network.turn()
        }
        #expect(all == TestLayer.record("D", "ANSWER") + TestLayer.record("E") && peer.sawEnd)
        peer.sendEnd()
        network.settle()
        #expect(connection.state == .closed)
    }

    @Test(arguments: [false, true]) func closingSaysGoodbyeUnlessItResets(_ reset: Bool) {
        let (connection, peer) = ready()
        connection.close(reset: reset)
        #expect(peer.take() == (reset ? [] : TestLayer.record("E")))
    }
}
