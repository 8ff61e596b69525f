package import GatewayCore
import Primitives
package import Reactor

/// The access log's end in one event loop, confined to it: copies the facts of what has finished into a batch of compact
/// records, and hands full batches to the writer. Allocates nothing once warm; renders nothing.
///
/// `flush` belongs at the end of each turn (`EventLoop.turnEnded`). A timer of the loop sees to it that a record waits
/// `longestWait` at most when no turn comes.
package final class AccessLogLane: TimerOwner {
    /// How long a record waits in a batch that does not fill.
    package static let longestWait: Nanoseconds = .milliseconds(100)

    let loop: EventLoop
    private let writer: AccessLogWriter
    private let timer: TimerWheel.ID
    private(set) var batch: LogBatch
    private var firstAppended = Instant.never
    private var isOpen = true
    /// Wall clock minus the loop's, as of the turn that began at `clockRead`.
    private(set) var wallOffset: UInt64 = 0
    private var clockRead = Instant.never
    private var lastListener: ListenerInfo?
    private var lastName = AccessRecord.encode("")

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
        record.majorVersion = request.majorVersion
        record.minorVersion = request.minorVersion
        if let error = exchange.error { record.reason = error.reason.number }
        // An id that was taken over is text; all others are the gateway's.
        let id = exchange.keptRequestID
        if id.isEmpty {
            record.idHigh = exchange.requestID.high
            record.idLow = exchange.requestID.low
        }
        let name = encodedName(exchange.listener)
        let method = request.methodName, host = request.host, target = shown(request.target, exchange)
        let agent = fields[.userAgent] ?? ByteView(), referer = shown(fields[.referer] ?? ByteView(), exchange)
        let members = exchange.logMembers?.view ?? ByteView()
        let consumer = exchange.consumer?.name ?? "", credential = exchange.principal?.subject ?? ""
        let size = RecordWriter.size(
            parts: name.count + (route?.encoded.count ?? 0) + (endpoint?.encoded.count ?? 0) + method.count + host.count + target.count
                + agent.count + referer.count + id.count + consumer.utf8.count + credential.utf8.count + members.count)
        unsafe batch.bytes.appendUninitialized(size) { memory in
            var writer = unsafe RecordWriter(memory)
            writer.append(record)
            writer.append(encoded: name, empty: 1)
            writer.append(encoded: route?.encoded, empty: 2)
            writer.append(encoded: endpoint?.encoded, empty: 2)
            writer.append(part: method)
            writer.append(part: host)
            writer.append(part: target)
            writer.append(part: agent)
            writer.append(part: referer)
            writer.append(part: id)
            consumer.withView { writer.append(part: $0) }
            credential.withView { writer.append(part: $0) }
            writer.append(part: members)
            return writer.count
        }
    }

    /// Hands the batch to the writer when it is full or old, or, with `force`, when it holds anything at all.
    package func flush(force: Bool = false) {
        guard batch.records > 0 else { return }
        guard force || batch.bytes.count >= LogBatch.full || loop.now - firstAppended >= AccessLogLane.longestWait else { return }
        writer.hand(over: batch)
        batch = writer.takeBatch()
    }

    package func timerFired() { flush(force: true) }

    /// A record is about to be added.
    func begin() {
        let now = loop.now
        if clockRead != now {
            clockRead = now
            wallOffset = loop.backend.wallClock &- now.nanoseconds
        }
        if batch.records == 0 {
            firstAppended = now
            if isOpen { loop.arm(timer, at: now + AccessLogLane.longestWait) }
        }
        batch.records += 1
    }

    /// A target or URL as it may be logged.
    private func shown(_ target: ByteView, _ exchange: Exchange) -> ByteView {
        guard exchange.hidesQuery, let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return target }
        return target.prefix(mark)
    }

    /// The listener's name as a part, encoded once as long as exchanges keep coming from the same listener.
    private func encodedName(_ listener: ListenerInfo?) -> [UInt8] {
        if lastListener !== listener {
            lastListener = listener
            lastName = AccessRecord.encode(listener?.name ?? "")
        }
        return lastName
    }
}
