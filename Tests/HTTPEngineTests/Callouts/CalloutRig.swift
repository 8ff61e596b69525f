import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Upstreams

/// The client of callouts over memory; the test plays the servers.
final class CalloutRig {
    let network = MemoryNetwork()
    let callouts: Callouts

    init(resolver: Resolver = Resolver()) { callouts = Callouts(loops: [network.loop], control: network.loop, resolver: resolver) }

    /// One callout, and what came of it.
    final class Asked: Sendable {
        private let result = Mutex<Result<FetchResponse, GatewayError>?>(nil)
        private let task = Mutex<Task<Void, Never>?>(nil)

        var response: FetchResponse? { try? result.withLock { $0 }?.get() }
        var isOver: Bool { result.withLock { $0 != nil } }
        /// The response, or the failure, in one line.
        var text: String {
            switch result.withLock({ $0 }) {
            case nil: "none"
            case .success(let response): "\(response.status) \(String(decoding: response.body, as: UTF8.self))"
            case .failure(let error): "\(error.reason.code)"
            }
        }
        var detail: String { if case .failure(let error) = result.withLock({ $0 }) { error.detail } else { "" } }

        fileprivate func begin(_ work: @escaping @Sendable () async -> Result<FetchResponse, GatewayError>, on loop: EventLoop) {
            let task = Task(executorPreference: loop) { [self] in
                let found = await work()
                result.withLock { $0 = found }
            }
            self.task.withLock { $0 = task }
        }

        func cancel() { task.withLock { $0?.cancel() } }
    }

    func send(_ url: String = "http://192.0.2.1/", _ change: (inout Callout) -> Void = { _ in }) throws -> Asked {
        var callout = Callout(try CalloutURL(parsing: url))
        change(&callout)
        let asked = Asked()
        let callouts = callouts, loop = network.loop, sent = callout
        asked.begin({ await callouts.send(sent, on: loop) }, on: loop)
        network.settle()
        return asked
    }

    /// The next connection that was made.
    func accept() -> TestPeer? {
        network.settle()
        return network.dialled()
    }

    func answer(_ peer: TestPeer, _ body: String = "ok", _ fields: String = "") {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
        network.settle()
    }
}
