import HTTPEngine
import Model
import Policies
import Primitives
import Reactor
import ReactorTesting
import Schema
import SharedState
import Upstreams

@testable import DataPlane

/// One event loop of the data plane over memory, with a clock that only the case turns.
final class MemoryRig: Rig {
    private static let listener = MemoryNetwork.address(10)
    private static let upstream = MemoryNetwork.address(100)
    private static let service = MemoryNetwork.address(101)

    let places = RigPlaces(listener: "\(listener)", upstream: "\(upstream)", callouts: "\(service)")
    private let network = MemoryNetwork()
    private let worker: Worker
    private let callouts: Callouts
    private let stores = SharedStores()
    private var snapshot: Snapshot?
    private var dialled: [(peer: TestPeer, reader: WireReader)] = []

    init() throws {
        callouts = Callouts(loops: [network.loop], control: network.loop, resolver: Resolver())
        worker = Worker(loop: network.loop, view: SnapshotView(try Snapshot.empty(), lanes: [], stats: []))
    }

    func begin(_ value: Case) {}
    func logLine() -> ConfigNode? { nil }
    func advance(_ time: Duration) { network.advance(time.nanoseconds) }

    func apply(_ tree: ConfigNode, _ model: Configuration) throws {
        let compiled = Snapshot.compile(
            model, policies: builtInPolicies, version: "1", loops: 1, before: snapshot, callouts: callouts, stores: stores)
        guard let next = compiled.value else { throw RigError(compiled.diagnostics.map(\.description).joined(separator: "\n")) }
        let bindings = next.configuration.listeners.enumerated().map { index, listener in
            let address = SocketAddress(listener.address)
            return Gateway.Binding(address: address, handles: worker.servers[address] == nil ? [0] : [], listener: listener, index: index, loops: 1)
        }
        var endpoints: [String: [EndpointSettings]] = [:]
        for upstream in next.upstreams {
            endpoints[upstream.settings.name] = upstream.endpoints.compactMap { if case .address(let settings) = $0 { settings } else { nil } }
        }
        worker.swap(to: next, endpoints: endpoints, bindings: bindings, log: nil)
        snapshot = next
        network.settle()
    }

    func send(_ request: CaseRequest, answer: CaseAnswer, callouts: [CaseAnswer], withProxyHeader: Bool) throws -> Outcome {
        let client = network.connect(to: MemoryRig.listener, from: .ip(.loopback, port: 40_000))
        client.send(request.wire(withProxyHeader: withProxyHeader))
        var reader = WireReader(.response(toHead: request.isHead))
        var asked = Asked()
        var response: WireMessage?
        var failure: (any Error)?
        let isDone = network.settle {
            do {
                while try answerRequests(answer, callouts, &asked) { network.settle() }
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
        return Outcome(response: response, asked: asked.upstream, calledOut: asked.service, isClosed: isClosed)
    }

    /// What was asked while a request was under way.
    private struct Asked {
        var upstream: [WireMessage] = []
        var service: [WireMessage] = []
    }

    /// The next request of a connection; the service hangs up on those who speak something else.
    private func next(_ index: Int, _ isCallout: Bool) throws -> WireMessage? {
        guard isCallout else { return try dialled[index].reader.next() }
        do {
            return try dialled[index].reader.next()
        } catch {
            dialled[index].peer.sendEnd()
            return nil
        }
    }

    /// Answers what the upstream and the service have been asked; false if neither was.
    private func answerRequests(_ answer: CaseAnswer, _ callouts: [CaseAnswer], _ asked: inout Asked) throws -> Bool {
        while let peer = network.dialled() { dialled.append((peer, WireReader(.requests))) }
        dialled.removeAll { $0.peer.isClosed }
        var hasAnswered = false
        for i in dialled.indices {
            dialled[i].reader.append(dialled[i].peer.take())
            let isCallout = dialled[i].peer.dialled == MemoryRig.service
            while let request = try next(i, isCallout) {
                if isCallout { asked.service.append(request) } else { asked.upstream.append(request) }
                let answer = isCallout ? callouts.answer(to: request.start[1]) : answer
                dialled[i].peer.send(answer.wire(for: request.start[0]))
                if answer.closes { dialled[i].peer.sendEnd() }
                hasAnswered = true
            }
        }
        return hasAnswered
    }
}
