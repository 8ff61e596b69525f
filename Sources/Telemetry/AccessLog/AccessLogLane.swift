package import GatewayCore
package import Primitives
package import Reactor

/// The access log's end in one event loop, confined to it: copies the facts of what has finished into a batch of compact
/// records, and hands full batches to the writer. Allocates nothing once warm; renders nothing.
///
/// `flush` belongs at the end of each turn (`EventLoop.turnEnded`). A timer of the loop sees to it that a record waits
/// `longestWait` at most when no turn comes.
package final class AccessLogLane: TimerOwner {
    /// How long a record waits in a batch that does not fill.
    package static let longestWait: Nanoseconds = .milliseconds(100)

    private let loop: EventLoop
    private let writer: AccessLogWriter
    private let timer: TimerWheel.ID
    private var batch: LogBatch
    private var firstAppended = Instant.never
    private var isOpen = true
    /// Wall clock minus monotonic clock, as of `clockRead`.
    private var wallOffset: UInt64 = 0
    private var clockRead = Instant.never

    package init(loop: EventLoop, writer: AccessLogWriter) {
        self.loop = loop
        self.writer = writer
        batch = writer.takeBatch()
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    deinit { if isOpen { loop.releaseTimer(timer) } }

    /// Hands over what is left and lets go of the loop's timer. What is appended afterwards is lost.
    package func close() {
        guard isOpen else { return }
        flush(force: true)
        isOpen = false
        loop.releaseTimer(timer)
    }

    /// Adds a finished exchange. `route` and `endpoint` are nil for what it never got to.
    package func append(_ exchange: Exchange, route: RouteLabels? = nil, endpoint: EndpointLabels? = nil) {
        begin()
        let request = exchange.request
        let fields = request.fields
        var record = AccessRecord()
        record.kind = AccessRecord.Kind.exchange.rawValue
        let started = min(exchange.started, loop.now)
        record.time = wallOffset &+ started.nanoseconds
        record.duration = loop.now - started
        if exchange.upstreamStarted != .never {
            record.upstreamDuration = min(exchange.upstreamAnswered, loop.now) - exchange.upstreamStarted
        }
        record.clientHigh = exchange.client.address.high
        record.clientLow = exchange.client.address.low
        record.requestBytes = UInt64(max(0, exchange.requestBytes))
        record.responseBytes = UInt64(max(0, exchange.responseBytes))
        record.status = UInt16(truncatingIfNeeded: exchange.status)
        record.attempts = exchange.attempts
        record.minorVersion = request.minorVersion
        if let error = exchange.error { record.reason = error.reason.rawValue }
        // A trusted peer's own request id is kept as text; all others are the gateway's.
        let keptID = exchange.client.isTrusted ? fields[.xRequestID] : nil
        if keptID == nil {
            record.idHigh = exchange.requestID.high
            record.idLow = exchange.requestID.low
        }
        batch.bytes.append(record)
        appendName(exchange.listener?.name)
        appendLabels(route?.encoded)
        appendLabels(endpoint?.encoded)
        batch.bytes.appendPart(request.methodName)
        batch.bytes.appendPart(request.host)
        batch.bytes.appendPart(request.target)
        batch.bytes.appendPart(fields[.userAgent] ?? ByteView())
        batch.bytes.appendPart(fields.first(ByteView("referer")) ?? ByteView())
        batch.bytes.appendPart(keptID?.prefix(128) ?? ByteView())
    }

    /// Adds a connection that failed without a request: a bad PROXY header, too many connections, a time-out.
    package func appendConnection(reason: Reason, listener: String, peer: IPAddress) {
        begin()
        var record = AccessRecord()
        record.kind = AccessRecord.Kind.connection.rawValue
        record.time = wallOffset &+ loop.now.nanoseconds
        record.clientHigh = peer.high
        record.clientLow = peer.low
        record.reason = reason.rawValue
        batch.bytes.append(record)
        appendName(listener)
        batch.bytes.appendEmptyParts(AccessRecord.Part.allCases.count - 1)
    }

    /// Hands the batch to the writer when it is full or old, or, with `force`, when it holds anything at all.
    package func flush(force: Bool = false) {
        guard batch.records > 0 else { return }
        guard force || batch.bytes.count >= LogBatch.full || loop.now - firstAppended >= AccessLogLane.longestWait else { return }
        writer.hand(over: batch)
        batch = writer.takeBatch()
    }

    package func timerFired() { flush(force: true) }

    private func begin() {
        let now = loop.now
        if clockRead != now {
            clockRead = now
            wallOffset = Instant.wallClock &- Instant.now.nanoseconds
        }
        if batch.records == 0 {
            firstAppended = now
            if isOpen { loop.arm(timer, at: now + AccessLogLane.longestWait) }
        }
        batch.records += 1
    }

    private func appendName(_ name: String?) {
        guard let name else { return batch.bytes.appendEmptyParts(1) }
        name.withView { batch.bytes.appendPart($0) }
    }

    private func appendLabels(_ encoded: [UInt8]?) {
        guard let encoded else { return batch.bytes.appendEmptyParts(2) }
        encoded.withView { batch.bytes.append($0) }
    }
}
