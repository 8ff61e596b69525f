import GatewayCore
import HTTPEngine
import Primitives
import ReactorTesting
import Testing

/// Which of several answers goes first (RFC 9218).
@Suite struct HTTP2PriorityTests {
    /// Asks for streams 1, 3, 5 with these priorities while the client takes nothing, and then takes all: the streams in the
    /// order in which their bodies come, without repetitions.
    private func order(_ priorities: [String?], size: Int = 9000, then: (HTTP2Wire) -> Void = { _ in }) throws -> [String] {
        let (rig, wire) = try ServerRig.http2(settings: [(4, 0)])
        let body = String(repeating: "x", count: size)
        rig.handle = { ServerRig.reply($0, 200, body) }
        for (i, priority) in priorities.enumerated() {
            wire.request(UInt32(2 * i + 1), "GET", "/", priority.map { [("priority", $0)] } ?? [])
        }
        #expect(rig.hear(wire).count == priorities.count, "heads need no window")
        then(wire)
        rig.network.settle()
        wire.frame(4, payload: [0, 4, 0, 0, 0xff, 0xff])
        var order: [String] = []
        for line in rig.hear(wire) where line.contains(" data ") {
            let stream = String(line.prefix { $0 != " " })
            if order.last != stream { order.append(stream) }
        }
        #expect(wire.dataBytes == size * priorities.count)
        return order
    }

    @Test func theUrgentGoFirst() throws {
        #expect(try order(["u=6", "u=0", "u=3"]) == ["3", "5", "1"])
        #expect(try order(["u=7", nil, "u=2"]) == ["5", "3", "1"], "3 is what those have that say nothing")
        #expect(try order(["u=9", "nonsense, u=1", "u=1"]) == ["3", "5", "1"], "what can't be understood is left out")
    }

    @Test func equalsGoInTurnOrTogether() throws {
        #expect(try order(["u=3", "u=3", "u=3"]) == ["1", "3", "5"])
        let together = try order(["u=3, i", "u=3, i"], size: 30_000)
        #expect(together.count > 3, "both grow at the same time: \(together)")
    }

    /// PRIORITY_UPDATE (RFC 9218 §7.1).
    @Test func theClientMayChangeItsMind() throws {
        func update(_ stream: UInt8, _ value: String) -> (HTTP2Wire) -> Void {
            { $0.frame(16, payload: [0, 0, 0, stream] + Array(value.utf8)) }
        }
        #expect(try order(["u=5", "u=5", "u=5"], then: update(5, "u=0")) == ["5", "1", "3"])
        #expect(try order(["u=0", "u=1", "u=2"], then: update(1, "u=7")) == ["3", "5", "1"])
    }
}
