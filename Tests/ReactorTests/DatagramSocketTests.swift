import Primitives
import Reactor
import Testing

@Suite struct DatagramSocketTests {
    private let anywhere = SocketAddress.ip(.loopback, port: 0)

    @Test func datagramsArriveWhole() throws {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        var arrived: [[UInt8]] = []
        let one = try DatagramSocket(on: anywhere, loop: loop) { arrived.append($0.array) }
        let two = try DatagramSocket(on: anywhere, loop: loop) { _ in }
        let texts = [[1, 2, 3], [], [UInt8](repeating: 7, count: 1200)]
        for text in texts { #expect(text.withView { two.send($0, to: one.address) }) }
        for _ in 0..<100 where arrived.count < 3 { loop.turn(wait: false) }
        #expect(arrived == texts)
        // Nobody is there any more; the socket goes on all the same.
        one.close()
        #expect(texts[0].withView { two.send($0, to: one.address) })
        loop.turn(wait: false)
        let three = try DatagramSocket(on: one.address, loop: loop) { arrived.append($0.array) }
        for _ in 0..<3 { _ = texts[0].withView { two.send($0, to: three.address) } }
        for _ in 0..<100 where arrived.count < 5 { loop.turn(wait: false) }
        #expect(arrived.count >= 5)
        three.close()
        #expect(!texts[0].withView { three.send($0, to: two.address) })
        two.close()
    }

    @Test func anAddressIsTakenOnce() throws {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        let one = try DatagramSocket(on: anywhere, loop: loop) { _ in }
        #expect(throws: SystemError.self) { try DatagramSocket(on: one.address, loop: loop) { _ in } }
        one.close()
    }
}
