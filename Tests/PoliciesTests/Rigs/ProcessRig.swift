import Foundation
import Model
import Primitives
import Reactor
import ReactorTesting
import Schema

/// The program itself; one for all cases, one after the other, with reloads in between.
final class ProcessRig: Rig, @unchecked Sendable {
    private(set) var places: RigPlaces
    private let listener: SocketAddress
    private let upstream: RecordingUpstream
    private let service: RecordingUpstream
    private let folder: ScratchFolder
    private let program: Program
    private var log: LogReader
    private var cases = 0

    init() async throws {
        let folder = try ScratchFolder()
        let upstream = try RecordingUpstream(), service = try RecordingUpstream()
        let admin = SocketAddress.unix(folder.path + "/admin.sock")
        listener = .ip(.loopback, port: try FreePort.next())
        places = RigPlaces(listener: "\(listener)", upstream: "\(upstream.address)", callouts: "\(service.address)", admin: "\(admin)")
        log = LogReader(path: "")
        program = try await Program(ProcessRig.nothing(places), folder: folder.path, admin: admin)
        self.folder = folder
        self.upstream = upstream
        self.service = service
    }

    /// Ends the program; what it serves next is nothing.
    func stop() async -> Bool {
        upstream.stop()
        service.stop()
        return await program.stop()
    }

    /// With nothing to serve, no policy remembers anything.
    func begin(_ value: Case) async throws {
        if cases > 0 { try await program.reload(ProcessRig.nothing(places)) }
        cases += 1
        let path = folder.path + "/access-\(cases).log"
        places.accessLog = path
        log = LogReader(path: path)
    }

    func apply(_ tree: ConfigNode, _ model: Configuration) async throws { try await program.reload(tree.escaped.flowText) }

    func send(_ request: CaseRequest, answer: CaseAnswer, callouts: [CaseAnswer], withProxyHeader: Bool) throws -> Outcome {
        upstream.begin([answer])
        service.begin(callouts)
        var outcome = try SocketClient(listener).exchange(request.wire(withProxyHeader: withProxyHeader), toHead: request.isHead)
        outcome.asked = upstream.asked
        outcome.calledOut = service.asked
        return outcome
    }

    func advance(_ time: Duration) async throws { try await Task.sleep(for: time) }

    func logLine() async throws -> ConfigNode? { try await log.next() }

    private static func nothing(_ places: RigPlaces) -> String {
        """
        runtime: { threads: 2, drain: 2s }
        admin: { address: "\(places.admin ?? "")" }
        listeners: [{ name: web, address: "\(places.listener)" }]
        """
    }
}

extension ConfigNode {
    /// References have been resolved already: what looks like one now is text.
    fileprivate var escaped: ConfigNode {
        var node = self
        switch content {
        case .null: break
        case .scalar(let text): node.content = .scalar(text.replacingOccurrences(of: "${", with: "$${"))
        case .list(let nodes): node.content = .list(nodes.map(\.escaped))
        case .map(let entries): node.content = .map(entries.map { Entry(key: $0.key, position: $0.position, value: $0.value.escaped) })
        }
        return node
    }
}

/// Ports of the loopback address below those that the kernel gives to outgoing connections.
enum FreePort {
    static func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 12_000..<31_000)
            var options = Socket.ListenOptions()
            options.reusePort = false
            if let handle = try? Socket.listen(on: .ip(.loopback, port: port), options) {
                Socket.close(handle)
                return port
            }
        }
        throw RigError("no port is free")
    }
}
