import GatewayCore
import Primitives

/// Reads from the body of a response what it has cost, while it passes: a JSON text, one in each line, or the data of server-sent events.
struct UsageReader {
    enum Form: Equatable {
        case json
        /// A JSON text in each line (NDJSON).
        case lines
        /// Server-sent events (WHATWG HTML §9.2).
        case events
    }

    /// What has been read so far.
    struct Findings: Equatable {
        var usage = TokenUsage()
        /// Bytes of the text that was generated.
        var textBytes = 0

        mutating func note(_ found: JSONScanner.Found) {
            switch found {
            case .number(.number(let part), let count): usage.note(part, count)
            case .text(.text, let count): textBytes &+= count
            default: break
            }
        }
    }

    private let form: Form
    private var scanner: JSONScanner
    private var lines = EventLines()
    private(set) var findings = Findings()
    /// All of the body has been read.
    private(set) var hasEnded = false

    init(_ form: Form, _ paths: JSONPaths) {
        self.form = form
        scanner = JSONScanner(paths)
    }

    mutating func take(_ bytes: ByteView) {
        switch form {
        case .json: scan(bytes)
        case .lines:
            var rest = bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                scan(rest.prefix(end))
                complete()
                rest = rest.dropFirst(end + 1)
            }
            scan(rest)
        case .events:
            var at = 0
            while let piece = lines.next(bytes, &at) {
                switch piece {
                case .data(let range): scan(bytes[range])
                case .end: complete()
                }
            }
        }
    }

    mutating func end() {
        complete()
        hasEnded = true
    }

    private mutating func scan(_ bytes: ByteView) {
        var found = findings
        scanner.scan(bytes) { found.note($0) }
        findings = found
    }

    /// A text is complete, or will never be.
    private mutating func complete() {
        var found = findings
        scanner.end { found.note($0) }
        scanner.restart()
        findings = found
    }
}

extension UsageReader.Form {
    /// Nil: nobody knows how to read it.
    init?(_ contentType: ByteView?) {
        guard let type = contentType else { return nil }
        let name = type.prefix(type.firstIndex(of: UInt8(ascii: ";")) ?? type.count).trimmed
        if name.equalsIgnoringCase("text/event-stream") {
            self = .events
        } else if ["application/x-ndjson", "application/jsonl", "application/x-jsonlines"].contains(where: { name.equalsIgnoringCase($0) }) {
            self = .lines
        } else if name.equalsIgnoringCase("application/json") || name.count > 5 && name.dropFirst(name.count - 5).equalsIgnoringCase("+json") {
            self = .json
        } else {
            return nil
        }
    }
}
