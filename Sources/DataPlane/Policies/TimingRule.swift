import Expressions
import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// Which exchanges are timed policy by policy, and who is told.
struct TimingRule: Sendable {
    let condition: Expression
    let header: Bool
    let log: Bool

    /// Begins to time the exchange if the rule wants that.
    func begin(_ exchange: Exchange) {
        if exchange.test(condition) == true { exchange.trace = PolicyTrace() }
    }

    /// Adds what is known when the response's head goes out (Server Timing, W3C): `cors;dur=0.004;desc="passed"`, milliseconds.
    func announce(_ exchange: Exchange) {
        guard header, let trace = exchange.trace, !trace.entries.isEmpty else { return }
        exchange.response.fields.append(.other, name: ByteView("server-timing")) { out in
            for (i, entry) in trace.entries.enumerated() {
                if i > 0 { out.append(", ") }
                TimingRule.writeToken(entry.policy, to: out)
                out.append(";dur=")
                TimingRule.writeMilliseconds(entry.length, to: out)
                out.append(";desc=\"")
                out.append(text: entry.phase.rawValue)
                out.append(" ")
                out.append(text: entry.decision.description)
                out.append("\"")
            }
        }
    }

    /// Adds all of it to the line of the access log.
    func log(_ exchange: Exchange, scratch: ByteBuffer) {
        guard log, let trace = exchange.trace, !trace.entries.isEmpty else { return }
        scratch.clear()
        scratch.append("[")
        for (i, entry) in trace.entries.enumerated() {
            if i > 0 { scratch.append(",") }
            scratch.append("{\"policy\":\"")
            TimingRule.writeToken(entry.policy, to: scratch)
            scratch.append("\",\"phase\":\"")
            scratch.append(text: entry.phase.rawValue)
            scratch.append("\",\"decision\":\"")
            scratch.append(text: entry.decision.description)
            scratch.append("\",\"nanoseconds\":")
            scratch.append(decimal: Int(clamping: entry.length))
            scratch.append("}")
        }
        scratch.append("]")
        exchange.log(.literal, ByteView("policies"), scratch.view)
    }

    /// A policy's name as a token (RFC 9110 §5.6.2); what no token may hold becomes `_`.
    private static func writeToken(_ text: String, to out: ByteBuffer) {
        for byte in text.utf8 { out.append(byte: ASCII.isToken(byte) ? byte : UInt8(ascii: "_")) }
    }

    /// With three decimals.
    private static func writeMilliseconds(_ length: Nanoseconds, to out: ByteBuffer) {
        let microseconds = Int(clamping: length / 1_000)
        out.append(decimal: microseconds / 1_000)
        out.append(".")
        for unit in [100, 10, 1] { out.append(decimal: microseconds / unit % 10) }
    }
}

extension Worker {
    /// The response's head is about to go out.
    func announceTiming(_ exchange: Exchange) {
        guard exchange.trace != nil, let view = exchange.snapshot as? SnapshotView else { return }
        view.snapshot.timing?.announce(exchange)
    }

    /// The exchange is over.
    func logTiming(_ exchange: Exchange) {
        guard exchange.trace != nil, let view = exchange.snapshot as? SnapshotView else { return }
        view.snapshot.timing?.log(exchange, scratch: scratch)
    }
}
