import GatewayCore
import HTTPEngine
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Routing
import Schema
import Testing
import Upstreams

@testable import DataPlane

/// One event loop of the data plane over memory, with a configuration as text; clients and upstreams are the test's.
final class WorkerRig {
    static let listener = MemoryNetwork.address(10)

    let network = MemoryNetwork()
    let worker: Worker
    private(set) var snapshot: Snapshot?
    private(set) var guards: ClientGuards?
    private let policies: PolicyRegistry

    /// `text` needs no listener: without one there is `192.0.2.10:80`.
    init(_ text: String, policies: PolicyRegistry = .empty) throws {
        self.policies = policies
        worker = Worker(loop: network.loop, view: SnapshotView(try Snapshot.empty(), lanes: [], stats: []))
        try apply(text)
    }

    /// Clients are not trusted, and everything goes to the upstream `up` with these endpoints.
    convenience init(endpoints: Int = 1, upstream: String = "", route: String = "match: { path: \"/*\" }, upstream: up") throws {
        try self.init(WorkerRig.text(endpoints: endpoints, upstream: upstream, route: route))
    }

    static func text(endpoints: Int = 1, upstream: String = "", route: String = "match: { path: \"/*\" }, upstream: up") -> String {
        let addresses = (0..<endpoints).map { "{ address: \"\(endpoint($0))\" }" }.joined(separator: ", ")
        return """
            upstreams: [{ name: up, endpoints: [\(addresses)]\(upstream.isEmpty ? "" : ", " + upstream) }]
            apis: [{ name: api, routes: [{ name: r, \(route) }] }]
            """
    }

    static func endpoint(_ index: Int) -> SocketAddress { MemoryNetwork.address(UInt32(100 + index)) }

    static func configuration(_ text: String, policies: PolicyRegistry = .empty) throws -> Configuration {
        let whole = text.contains("listeners:") ? text : "listeners: [{ name: web, address: \"\(listener)\" }]\n" + text
        let (tree, problems) = ConfigNode.read(yaml: whole, file: "test.yaml")
        let loaded = Configuration.load(tree, policies: policies)
        let errors = (problems + loaded.diagnostics).filter { $0.severity == .error }.map(\.description)
        guard let value = loaded.value, errors.isEmpty else { throw TestProblem(errors.joined(separator: "\n")) }
        return value
    }

    static func compile(_ text: String, policies: PolicyRegistry = .empty, before: Snapshot? = nil) throws -> Snapshot {
        let compiled = Snapshot.compile(
            try configuration(text, policies: policies), policies: policies, version: "1", loops: 1, before: before)
        guard let snapshot = compiled.value else { throw TestProblem(compiled.diagnostics.map(\.description).joined(separator: "\n")) }
        return snapshot
    }

    func apply(_ text: String) throws {
        let next = try WorkerRig.compile(text, policies: policies, before: snapshot)
        let bindings = next.configuration.listeners.enumerated().map { index, listener in
            let address = SocketAddress(listener.address)
            return Gateway.Binding(address: address, handles: worker.servers[address] == nil ? [0] : [], listener: listener, index: index, loops: 1)
        }
        var endpoints: [String: [EndpointSettings]] = [:]
        for upstream in next.upstreams {
            endpoints[upstream.settings.name] = upstream.endpoints.compactMap { if case .address(let settings) = $0 { settings } else { nil } }
        }
        guards = ClientGuards(next.configuration.guards, after: guards) { _ in }
        worker.swapGuards(guards)
        worker.swap(to: next, endpoints: endpoints, bindings: bindings, log: nil)
        snapshot = next
        network.settle()
    }

    // MARK: Driving

    func client(from last: UInt32) -> TestPeer {
        let peer = network.connect(to: WorkerRig.listener, from: .ip(IPAddress(v4: 0xc633_6400 | last), port: 40_000))
        network.settle()
        return peer
    }

    func client(capacity: Int? = nil) -> TestPeer { network.connect(to: WorkerRig.listener, capacity: capacity) }

    /// Sends a request and answers what has come back, but for the date.
    func ask(_ client: TestPeer, _ text: String) -> String {
        client.send(text)
        network.settle()
        return client.takeText().undated
    }

    func ask(_ text: String) -> String { ask(client(), text) }

    /// The next connection to an upstream.
    func dialled() -> TestPeer? {
        network.settle()
        return network.dialled()
    }

    /// Answers what an upstream was asked, and returns what that was.
    @discardableResult func answer(_ peer: TestPeer?, _ answer: String = WorkerRig.ok) -> String {
        network.settle()
        let request = peer?.takeText() ?? ""
        peer?.send(answer)
        network.settle()
        return request
    }

    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    var requests: Int { worker.view.lanes.reduce(0) { $0 + $1.endpoints.reduce(0) { $0 + Int($1.counters.requests) } } }

    /// Statuses that the route at `index` has answered, with their counts.
    func counts(_ index: Int = 0) -> [Int: UInt64] {
        Dictionary(uniqueKeysWithValues: (worker.view.stats[index]?.statuses ?? []).map { ($0.status, $0.count) })
    }
}

struct TestProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension String {
    /// Without the lines that say what time it is.
    var undated: String {
        var text = self
        while let start = text.firstRange(of: "\r\ndate: "), let end = text[start.upperBound...].firstRange(of: " GMT\r\n") {
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: "\r\n")
        }
        return text
    }

    static func get(_ path: String = "/", _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

    /// The value of the first field of this name in a message.
    func field(_ name: String) -> String? {
        split(separator: "\r\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }.first { $0.lowercased().hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
