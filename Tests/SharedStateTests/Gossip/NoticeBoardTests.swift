import Reactor
import Testing

@testable import SharedState

@Suite struct NoticeBoardTests {
    private func at(_ milliseconds: Int) -> Instant { Instant(nanoseconds: .milliseconds(milliseconds)) }
    private let name = Array("hTOKEN".utf8), text = Array("TOKEN.THUMBPRINT".utf8)

    @Test func whatIsPutUpIsKnownUntilItIsTakenDown() {
        var board = NoticeBoard(), other = NoticeBoard()
        board.put(name, text, lifetime: .seconds(60), now: at(0))
        #expect(board.text(name, now: at(1)) == text)
        for payload in board.turn(now: at(0), capacity: 1000) { #expect(other.receive(payload, from: MemberID(1), now: at(5)) == true) }
        #expect(other.text(name, now: at(6)) == text)
        #expect(other.text(name, now: at(60_006)) == nil)
        // Somebody else can't take it down.
        var stranger = NoticeBoard()
        stranger.put(name, text, lifetime: .seconds(9), now: at(10))
        stranger.takeDown(name, now: at(11))
        for payload in stranger.turn(now: at(11), capacity: 1000) { _ = other.receive(payload, from: MemberID(2), now: at(12)) }
        #expect(other.text(name, now: at(13)) == text)
        board.takeDown(name, now: at(20))
        #expect(board.text(name, now: at(20)) == nil)
        for payload in board.turn(now: at(20), capacity: 1000) { _ = other.receive(payload, from: MemberID(1), now: at(25)) }
        #expect(other.text(name, now: at(25)) == nil)
        #expect(board.nextAt == .never)
    }

    /// Said soon again at first, then every two seconds, until its time is over.
    @Test func itIsSaidAgainAndAgain() {
        var board = NoticeBoard()
        board.put(name, text, lifetime: .seconds(10), now: at(0))
        var said: [Int] = []
        for time in 0..<20_000 where board.nextAt <= at(time) {
            if !board.turn(now: at(time), capacity: 1000).isEmpty { said.append(time) }
        }
        #expect(said == [0, 100, 300, 700, 1500, 3500, 5500, 7500, 9500, 11500])
        board.put(name, text, lifetime: .seconds(10), now: at(20_000))
        _ = board.turn(now: at(20_000), capacity: 1000)
        board.repeatAll(now: at(20_001))
        #expect(board.nextAt == at(20_001))
    }

    @Test func thereIsRoomForSoMany() {
        var board = NoticeBoard(), other = NoticeBoard()
        for number in 0..<3_000 { board.put(Array("h\(number)".utf8), text, lifetime: .seconds(60), now: at(0)) }
        let payloads = board.turn(now: at(0), capacity: 1000)
        #expect(payloads.allSatisfy { $0.count <= 1000 })
        for payload in payloads { #expect(other.receive(payload, from: MemberID(1), now: at(1)) == true) }
        #expect((0..<3_000).count { other.text(Array("h\($0)".utf8), now: at(2)) != nil } == NoticeBoard.mostForeign)
        board.put([UInt8](repeating: 1, count: 256), text, lifetime: .seconds(60), now: at(5))
        #expect(board.turn(now: at(5), capacity: 1000) == [])
    }

    @Test func garbageIsNone() {
        var board = NoticeBoard()
        #expect(board.receive([5, 1], from: MemberID(1), now: at(0)) == false)
        #expect(board.receive([1, 65, 1, 66, 0, 0], from: MemberID(1), now: at(0)) == false)
        #expect(board.receive([], from: MemberID(1), now: at(0)) == true)
    }
}
