import GatewayCore
import Primitives

/// How a line of the access log is written.
package enum AccessLogFormat: Sendable {
    /// One JSON object a line. Keys: `time` (RFC 3339, milliseconds), `client`, `method`, `host`, `path` (the target as
    /// received, with its query), `protocol`, `status` (0: nothing was sent), `requestBytes`, `responseBytes`, `duration`
    /// and `upstreamDuration` (seconds, microsecond precision), `listener`, `api`, `route`, `upstream`, `endpoint`,
    /// `attempts`, `requestId`, `userAgent`, `referer`, `consumer`, `credential` (what it is called), `reason` (only of exchanges that failed). What is unknown is left
    /// out. Behind these, and before `reason`, come the members that policies add (`log-fields`). A connection that failed without a request has `time`, `client`, `listener` and `reason` alone.
    /// Bytes that are not UTF-8 stand as `\xHH` inside the string.
    case json
    /// The combined format of Apache and nginx, then what a gateway adds, `-` for what is unknown:
    ///
    ///     client - consumer [23/Nov/2026:10:00:00 +0000] "GET /a?b HTTP/1.1" 200 512 "referer" "agent" duration upstreamDuration
    ///     host listener api route upstream endpoint attempts requestId reason
    ///
    /// (on one line), and ` name=value` for each member that policies add. Quotes, backslashes, control and non-ASCII bytes stand as `\xHH`.
    case text

    /// Appends a line for each record.
    func render(_ records: ByteView, to out: ByteBuffer) {
        var reader = AccessRecordReader(records)
        while let record = reader.next() {
            let line = AccessLine(record, &reader)
            switch self {
            case .json: line.writeJSON(to: out)
            case .text: line.writeText(to: out)
            }
        }
    }
}

/// One record, its parts found.
struct AccessLine {
    let record: AccessRecord
    let listener, api, route, upstream, endpoint, method, host, target, userAgent, referer, keptID, consumer, credential, members: ByteView

    init(_ record: AccessRecord, _ reader: inout AccessRecordReader) {
        self.record = record
        listener = reader.part()
        api = reader.part()
        route = reader.part()
        upstream = reader.part()
        endpoint = reader.part()
        method = reader.part()
        host = reader.part()
        target = reader.part()
        userAgent = reader.part()
        referer = reader.part()
        keptID = reader.part()
        consumer = reader.part()
        credential = reader.part()
        members = reader.part()
    }

    var client: IPAddress { IPAddress(high: record.clientHigh, low: record.clientLow) }
    var reason: Reason? { Reason(number: record.reason) }

    var generatedID: RequestID {
        var id = RequestID()
        id.high = record.idHigh
        id.low = record.idLow
        return id
    }
}
