import Glibc
import Primitives
import Reactor
import ReactorTesting
import Synchronization

/// An upstream on a real socket: answers whatever it is asked as the case says, and keeps what it was.
final class RecordingUpstream: Sendable {
    private struct State {
        var answers: [CaseAnswer] = []
        var asked: [WireMessage] = []
        var isStopped = false
    }

    let address: SocketAddress
    private let listener: Int32
    private let state = Mutex(State())
    private let acceptor = Mutex<LoopThread?>(nil)

    init() throws {
        listener = try Socket.listen(on: .ip(.loopback, port: 0))
        guard let address = Socket.localAddress(listener) else { throw RigError("the upstream has no address") }
        self.address = address
        let thread = try LoopThread.start("upstream") { [self] in accept() }
        acceptor.withLock { $0 = thread }
    }

    /// Ends the thread that accepts; those of connections end with these.
    func stop() {
        state.withLock { $0.isStopped = true }
        shutdown(listener, Int32(SHUT_RDWR))
        acceptor.withLock { $0 }?.join()
        Socket.close(listener)
    }

    func begin(_ answers: [CaseAnswer]) {
        state.withLock {
            $0.answers = answers
            $0.asked = []
        }
    }

    /// What it was asked since `begin`.
    var asked: [WireMessage] { state.withLock { $0.asked } }

    private func accept() {
        while !state.withLock({ $0.isStopped }) {
            guard let socket = RawSocket.accept(listener) else { continue }
            try? LoopThread.start("upstream-c") { [self] in serve(socket) }.detach()
        }
    }

    private func serve(_ socket: RawSocket) {
        var reader = WireReader(.requests)
        while let bytes = socket.receive(), !bytes.isEmpty {
            reader.append(bytes)
            while let request = try? reader.next() {
                let answer = state.withLock {
                    $0.asked.append(request)
                    return $0.answers.answer(to: request.start.count > 1 ? request.start[1] : "")
                }
                socket.send(answer.wire(for: request.start[0]))
                if answer.closes { return }
            }
        }
    }
}
