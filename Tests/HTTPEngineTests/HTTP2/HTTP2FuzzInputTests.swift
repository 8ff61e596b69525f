import GatewayCore
import HTTPEngine
import Primitives
import ReactorTesting
import Testing
import Upstreams

/// The inputs that fuzzing begins with, and those that once broke something (Fuzz/README.md), whole and byte by byte. The first byte of an
/// input is the fuzzer's, and left out here.
@Suite struct HTTP2FuzzInputTests {
    @Test func clientsOfAnyKindLeaveNothingBehind() throws {
        let inputs = CaseFile.fuzzInputs("HTTP2Server")
        #expect(inputs.count >= 18)
        for (name, bytes) in inputs {
            let frames = Array(bytes.dropFirst())
            let whole = try serve([frames]), pieces = try serve(frames.map { [$0] })
            #expect(whole == pieces, "\(name)")
        }
    }

    /// The requests that come of it. Nobody answers them while more may come.
    private func serve(_ pieces: [[UInt8]]) throws -> [String] {
        let rig = try ServerRig { $0.served = .http2 }
        var requests: [String] = []
        rig.handle = { requests.append("\($0.request.methodName.string) \($0.request.target.string)") }
        let wire = HTTP2Wire(rig.client())
        wire.greet()
        for piece in pieces {
            wire.peer.send(piece)
            rig.network.settle()
        }
        wire.peer.close()
        rig.network.settle()
        #expect(rig.server.openConnections == 0 && rig.pool.inUse == 0)
        return requests
    }

    @Test func upstreamsOfAnyKindLeaveNothingBehind() throws {
        let inputs = CaseFile.fuzzInputs("HTTP2Client")
        #expect(inputs.count >= 22)
        for (name, bytes) in inputs {
            let frames = Array(bytes.dropFirst())
            let whole = try send([frames]), pieces = try send(frames.map { [$0] })
            #expect(whole == pieces, "\(name)")
        }
    }

    /// What becomes of a request.
    private func send(_ pieces: [[UInt8]]) throws -> String {
        let rig = LaneRig { $0.version = .http2 }
        let outcome = rig.send()
        let peer = FramePeer(try #require(rig.accept()))
        rig.network.settle()
        for piece in pieces {
            peer.peer.send(piece)
            rig.network.settle()
        }
        let summary = outcome.summary
        peer.peer.close()
        rig.network.settle()
        #expect(outcome.isComplete || outcome.error != nil)
        #expect(rig.lane.isQuiet && rig.lane.endpoints[0].open == 0)
        return summary
    }
}
