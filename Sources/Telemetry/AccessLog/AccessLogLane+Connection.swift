package import GatewayCore
package import Primitives
import Reactor

/// Connections that have no exchanges to be logged.
extension AccessLogLane {
    /// Adds a connection that failed without a request: a bad PROXY header, too many connections, a time-out.
    ///
    /// - Parameter detail: more than the reason tells; it stands as `detail` in the line.
    package func appendConnection(reason: Reason, listener: String, peer: IPAddress, detail: String? = nil) {
        begin()
        var record = AccessRecord()
        record.kind = AccessRecord.Kind.connection.rawValue
        record.time = wallOffset &+ loop.now.nanoseconds
        record.clientHigh = peer.high
        record.clientLow = peer.low
        record.reason = reason.number
        let name = AccessRecord.encode(listener)
        let members = loop.takeBuffer()
        if let detail { detail.withView { LogMember.append(.text, ByteView("detail"), $0, to: members) } }
        unsafe batch.bytes.appendUninitialized(RecordWriter.size(parts: name.count + members.count)) { memory in
            var writer = unsafe RecordWriter(memory)
            writer.append(record)
            writer.append(encoded: name, empty: 1)
            writer.append(encoded: nil, empty: AccessRecord.Part.allCases.count - 2)
            writer.append(part: members.view)
            return writer.count
        }
        members.clear()
        loop.giveBack(members)
    }

    /// Adds a tunnel of a TCP listener that is over.
    package func append(_ tunnel: TunnelSummary) {
        begin()
        var record = AccessRecord()
        record.kind = AccessRecord.Kind.tunnel.rawValue
        let started = min(tunnel.started, loop.now)
        record.time = wallOffset &+ started.nanoseconds
        record.duration = loop.now - started
        record.clientHigh = tunnel.client.high
        record.clientLow = tunnel.client.low
        record.requestBytes = UInt64(max(0, tunnel.bytes.received))
        record.responseBytes = UInt64(max(0, tunnel.bytes.sent))
        record.attempts = UInt8(clamping: tunnel.attempts)
        if let reason = tunnel.reason { record.reason = reason.number }
        let listener = AccessRecord.encode(tunnel.listener), host = AccessRecord.encode(tunnel.serverName)
        let endpoint = EndpointLabels(upstream: tunnel.upstream, endpoint: tunnel.endpoint).encoded
        let size = RecordWriter.size(parts: listener.count + endpoint.count + host.count)
        unsafe batch.bytes.appendUninitialized(size) { memory in
            var writer = unsafe RecordWriter(memory)
            writer.append(record)
            writer.append(encoded: listener, empty: 1)
            // API and route; method.
            writer.append(encoded: nil, empty: 2)
            writer.append(encoded: endpoint, empty: 2)
            writer.append(encoded: nil, empty: 1)
            writer.append(encoded: host, empty: 1)
            writer.append(encoded: nil, empty: AccessRecord.Part.allCases.count - AccessRecord.Part.target.rawValue)
            return writer.count
        }
    }
}
