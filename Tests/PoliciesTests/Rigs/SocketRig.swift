import DataPlane
import Model
import Policies
import Primitives
import Reactor
import Schema

/// A gateway in this process, with two event loops on threads of their own, on real sockets.
final class SocketRig: Rig {
    let places: RigPlaces
    private let gateway: Gateway
    private let address: SocketAddress
    private let upstream: RecordingUpstream
    private let service: RecordingUpstream
    private let folder: ScratchFolder
    /// A listening socket for the gateway, whose port the kernel chose.
    private let inherited: Int32
    private var log: LogReader
    private var version = 0

    init() throws {
        let folder = try ScratchFolder()
        let upstream = try RecordingUpstream(), service = try RecordingUpstream()
        inherited = try Socket.listen(on: .ip(.loopback, port: 0))
        guard let address = Socket.localAddress(inherited) else { throw RigError("the listener has no address") }
        let logPath = folder.path + "/access.log"
        places = RigPlaces(listener: "\(address)", upstream: "\(upstream.address)", callouts: "\(service.address)", accessLog: logPath)
        log = LogReader(path: logPath)
        self.address = address
        self.upstream = upstream
        self.service = service
        self.folder = folder
        gateway = try Gateway(loops: 2, policies: builtInPolicies)
    }

    deinit {
        gateway.stop()
        upstream.stop()
        service.stop()
        if version == 0 { Socket.close(inherited) }
    }

    func begin(_ value: Case) {}

    func apply(_ tree: ConfigNode, _ model: Configuration) throws {
        version += 1
        let errors = gateway.apply(model, version: "\(version)", inherited: ["web": [inherited]]).filter { $0.severity == .error }
        if !errors.isEmpty { throw RigError(errors.map(\.description).joined(separator: "\n")) }
    }

    func send(_ request: CaseRequest, answer: CaseAnswer, callouts: [CaseAnswer], withProxyHeader: Bool) throws -> Outcome {
        upstream.begin([answer])
        service.begin(callouts)
        var outcome = try SocketClient(address).exchange(request.wire(withProxyHeader: withProxyHeader), toHead: request.isHead)
        outcome.asked = upstream.asked
        outcome.calledOut = service.asked
        return outcome
    }

    func advance(_ time: Duration) async throws { try await Task.sleep(for: time) }

    func logLine() async throws -> ConfigNode? { try await log.next() }
}
