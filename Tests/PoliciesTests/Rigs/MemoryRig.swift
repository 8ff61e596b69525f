import Model
import Policies
import Primitives
import Reactor
import ReactorTesting
import Schema
import Upstreams

@testable import DataPlane

/// One event loop of the data plane over memory, with a clock that only the case turns.
final class MemoryRig: Rig {
    private static let listener = MemoryNetwork.address(10)
    private static let upstream = MemoryNetwork.address(100)

    let places = RigPlaces(listener: "\(listener)", upstream: "\(upstream)")
    private let network = MemoryNetwork()
    private let worker: Worker
    private var snapshot: Snapshot?
    private var dialled: [(peer: TestPeer, reader: WireReader)] = []

    init() throws {
        worker = Worker(loop: network.loop, view: SnapshotView(try Snapshot.empty(), lanes: [], stats: []))
    }

    func begin(_ value: Case) {}
    func logLine() -> ConfigNode? { nil }
    func advance(_ time: Duration) { network.advance(time.nanoseconds) }

    func apply(_ tree: ConfigNode, _ model: Configuration) throws {
        let compiled = Snapshot.compile(model, policies: builtInPolicies, version: "1", loops: 1, before: snapshot)
        guard let next = compiled.value else { throw RigError(compiled.diagnostics.map(\.description).joined(separator: "\n")) }
        let bindings = next.configuration.listeners.enumerated().map { index, listener in
            let address = SocketAddress(listener.address)
            return Gateway.Binding(address: address, handles: worker.servers[address] == nil ? [0] : [], listener: listener, index: index)
        }
        var endpoints: [String: [EndpointSettings]] = [:]
        for upstream in next.upstreams {
            endpoints[upstream.settings.name] = upstream.endpoints.compactMap { if case .address(let settings) = $0 { settings } else { nil } }
        }
        worker.swap(to: next, endpoints: endpoints, bindings: bindings, log: nil)
        snapshot = next
        network.settle()
    }

    func send(_ request: CaseRequest, answer: CaseAnswer, withProxyHeader: Bool) throws -> Outcome {
        let client = network.connect(to: MemoryRig.listener, from: .ip(.loopback, port: 40_000))
        client.send(request.wire(withProxyHeader: withProxyHeader))
        var reader = WireReader(.response(toHead: request.isHead))
        var asked: [WireMessage] = []
        var response: WireMessage?
        var failure: (any Error)?
        let isDone = network.settle {
            do {
                while try answerUpstream(answer, &asked) { network.settle() }
                reader.append(client.take())
                if client.sawEnd || client.sawReset { reader.end() }
                response = try reader.next()
            } catch {
                failure = error
            }
            return response != nil || failure != nil || client.sawEnd || client.sawReset
        }
        if let failure { throw failure }
        guard isDone, let response else { throw RigError("no answer came, but `\(reader.rest)`") }
        let isClosed = client.sawEnd || client.sawReset
        client.close()
        network.settle()
        return Outcome(response: response, asked: asked, isClosed: isClosed)
    }

    /// Answers what the upstream has been asked; false if it was not.
    private func answerUpstream(_ answer: CaseAnswer, _ asked: inout [WireMessage]) throws -> Bool {
        while let peer = network.dialled() { dialled.append((peer, WireReader(.requests))) }
        dialled.removeAll { $0.peer.isClosed }
        var hasAnswered = false
        for i in dialled.indices {
            dialled[i].reader.append(dialled[i].peer.take())
            while let request = try dialled[i].reader.next() {
                asked.append(request)
                dialled[i].peer.send(answer.wire(for: request.start[0]))
                if answer.closes { dialled[i].peer.sendEnd() }
                hasAnswered = true
            }
        }
        return hasAnswered
    }
}
