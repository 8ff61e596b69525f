import Primitives
import Reactor
import ReactorTesting
import Testing

/// One connection over memory: what it sends, what it tells its owner, and how it ends.
@Suite struct ConnectionTests {
    let network = MemoryNetwork()
    let recorder = ConnectionRecorder()

    private func pair(capacity: Int = 1 << 20) -> (Connection, TestPeer) { network.pair(recorder, capacity: capacity) }

    private func send(_ connection: Connection, _ text: String, _ more: String = "") -> Bool {
        text.withView { first in more.withView { connection.send(first, $0) } }
    }

    // MARK: Sending

    @Test func twoViewsGoInOneCall() {
        let (connection, peer) = pair()
        #expect(send(connection, "head ", "body"))
        #expect(peer.takeText() == "head body" && peer.sends == 1)
        #expect(recorder.take() == [])
    }

    @Test func nothingIsNotSent() {
        let (connection, peer) = pair()
        #expect(send(connection, ""))
        #expect(peer.sends == 0)
    }

    /// The kernel takes a part, at every place.
    @Test(arguments: 0...10) func partialWritesKeepTheOrder(_ capacity: Int) {
        let (connection, peer) = pair(capacity: capacity)
        #expect(send(connection, "hello", "world") == (capacity == 10))
        #expect(connection.isBackedUp == (capacity < 10))
        if capacity < 10 { #expect(!send(connection, "!", "?")) }
        peer.capacity = max(1, capacity)
        var all = ""
        for _ in 0..<30 {
            all += peer.takeText()
            network.turn()
        }
        #expect(all == (capacity < 10 ? "helloworld!?" : "helloworld"))
        #expect(!connection.isBackedUp)
        #expect(recorder.take() == (capacity < 10 ? ["drained"] : []))
    }

    @Test func lateBytesTellASlowPeerFromADeadOne() {
        let (connection, peer) = pair(capacity: 4)
        _ = send(connection, "12345678")
        network.settle()
        #expect(connection.lateBytes == 0)
        _ = peer.take(2)
        network.settle()
        #expect(connection.lateBytes == 2 && connection.isBackedUp)
        #expect(recorder.take() == [])
    }

    @Test func bytesSentWhileConnectingWait() throws {
        let address = MemoryNetwork.address(1)
        network.route(address, MemoryRoute(delay: .milliseconds(100)))
        let connection = try network.backend.connect(to: address, loop: network.loop, handler: recorder)
        let peer = try #require(network.dialled())
        #expect(!send(connection, "early"))
        network.advance(.milliseconds(90))
        #expect(peer.waiting == 0 && recorder.take() == [])
        network.advance(.milliseconds(20))
        #expect(peer.takeText() == "early" && recorder.take() == ["connected"])
    }

    // MARK: Receiving

    @Test func pausedReadingKeepsBytesInTheKernel() {
        let (connection, peer) = pair()
        connection.isReading = false
        peer.send("abc")
        peer.sendEnd()
        network.settle()
        #expect(recorder.take() == [] && peer.unread == 3)
        connection.isReading = true
        network.settle()
        #expect(recorder.take() == ["received", "ended"] && recorder.text == "abc")
    }

    @Test func halfCloseOfThePeerLeavesSendingAlone() {
        let (connection, peer) = pair()
        peer.sendEnd()
        network.settle()
        #expect(recorder.take() == ["ended"] && connection.inputHasEnded)
        #expect(send(connection, "still here"))
        #expect(peer.takeText() == "still here")
    }

    @Test func halfCloseOfOursLeavesReadingAlone() {
        let (connection, peer) = pair(capacity: 3)
        _ = send(connection, "12345")
        connection.shutdownOutput()
        #expect(!peer.sawEnd)
        #expect(peer.takeText() == "123")
        network.settle()
        #expect(peer.takeText() == "45" && peer.sawEnd)
        peer.send("answer")
        network.settle()
        #expect(recorder.text == "answer")
    }

    @Test func resetIsToldAfterWhatCameBeforeIt() {
        let (_, peer) = pair()
        peer.send("last words")
        peer.reset()
        network.settle()
        #expect(recorder.take() == ["received", "lost recv"] && recorder.text == "last words")
    }

    @Test func resetIsToldWhileNobodyReads() {
        let (connection, peer) = pair()
        connection.isReading = false
        peer.reset()
        network.settle()
        #expect(recorder.take() == ["lost recv"])
    }

    /// Where an answer may be in what has arrived, it is read first.
    @Test func unreadInputIsKeptThroughAReset() {
        let (connection, peer) = pair()
        connection.keepsUnreadInput = true
        connection.isReading = false
        peer.send("the answer")
        peer.reset()
        network.settle()
        #expect(recorder.take() == [])
        connection.isReading = true
        network.settle()
        #expect(recorder.take() == ["received", "lost recv"] && recorder.text == "the answer")
    }

    @Test func brokenOutputIsToldAtTheEndOfTheTurn() {
        let (connection, peer) = pair()
        peer.close()
        #expect(send(connection, "into the void"))
        #expect(recorder.take() == [], "not in the middle of what the owner is doing")
        network.settle()
        #expect(recorder.take().contains("lost send"))
        #expect(!connection.isOpen)
    }

    @Test func brokenOutputWhileInputRemains() {
        let (connection, peer) = pair(capacity: 2)
        connection.keepsUnreadInput = true
        _ = send(connection, "request that is too long")
        peer.send("refused")
        peer.close()
        network.settle()
        #expect(recorder.text == "refused")
        #expect(recorder.take().last == "ended")
        #expect(!connection.isBackedUp)
        #expect(send(connection, "more"), "nothing piles up behind a broken output")
    }

    // MARK: Ending

    @Test func closingTellsNobody() {
        let (connection, peer) = pair()
        connection.deadline = network.now + .seconds(1)
        connection.close()
        peer.send("x")
        network.advance(.seconds(2))
        #expect(recorder.take() == [] && peer.isClosed && !peer.sawReset)
        connection.close()
        connection.closeGracefully()
        #expect(send(connection, "nothing"))
    }

    @Test func closingWithAReset() {
        let (connection, peer) = pair()
        connection.close(reset: true)
        #expect(peer.sawReset)
    }

    @Test func gracefulCloseSendsTheRestAndSwallowsInput() {
        let (connection, peer) = pair(capacity: 4)
        _ = send(connection, "farewell")
        connection.closeGracefully()
        peer.send("still talking")
        network.settle()
        #expect(peer.takeText() == "fare" && !peer.isClosed)
        network.settle()
        #expect(peer.takeText() == "well" && peer.sawEnd && !peer.isClosed)
        peer.sendEnd()
        network.settle()
        #expect(peer.isClosed && !peer.sawReset)
        #expect(recorder.take() == [])
    }

    @Test func gracefulCloseDoesNotWaitForASilentPeer() {
        let (connection, peer) = pair()
        _ = send(connection, "bye")
        connection.closeGracefully()
        network.advance(.milliseconds(1900))
        #expect(!peer.isClosed && peer.takeText() == "bye" && peer.sawEnd)
        network.advance(.milliseconds(200))
        #expect(peer.isClosed)
        #expect(recorder.take() == [])
    }

    @Test func gracefulCloseOfWhatThePeerHasEndedIsImmediate() {
        let (connection, peer) = pair()
        peer.sendEnd()
        network.settle()
        _ = send(connection, "bye")
        connection.closeGracefully()
        #expect(peer.isClosed && peer.takeText() == "bye")
    }

    @Test func whoGoesOnSendingIsHeardOutButNotForEver() {
        let (connection, peer) = pair()
        connection.closeGracefully()
        for second in 0..<40 {
            peer.send([UInt8](repeating: 0, count: 100_000))
            network.settle()
            #expect(peer.isClosed == (second >= 30), "after \(second) s")
            network.advance(.seconds(1))
        }
    }

    @Test func resetWhileLingering() {
        let (connection, peer) = pair(capacity: 1)
        _ = send(connection, "abc")
        connection.closeGracefully()
        peer.reset()
        network.settle()
        #expect(peer.isClosed && recorder.take() == [])
        #expect(connection.state == .closed)
    }

    @Test func aSlowPeerThatGoesOnTakingGetsEverything() {
        let (connection, peer) = pair(capacity: 10)
        _ = send(connection, String(repeating: "x", count: 100))
        connection.closeGracefully()
        var count = 0
        for _ in 0..<10 {
            network.advance(.seconds(10))
            count += peer.take().count
        }
        #expect(count == 100)
    }

    @Test func failureToConnect() throws {
        network.route(MemoryNetwork.address(1), .refused)
        let connection = try network.backend.connect(to: MemoryNetwork.address(1), loop: network.loop, handler: recorder)
        network.settle()
        #expect(recorder.take() == ["lost connect"] && connection.state == .closed)
    }

    @Test func deadlineOfAConnection() {
        let (connection, _) = pair()
        connection.deadline = network.now + .seconds(1)
        network.advance(.milliseconds(900))
        connection.deadline = network.now + .seconds(1)
        network.advance(.milliseconds(900))
        #expect(recorder.take() == [])
        network.advance(.milliseconds(150))
        #expect(recorder.take() == ["deadline"] && connection.deadline == .never)
        network.advance(.seconds(100))
        #expect(recorder.take() == [])
    }
}
