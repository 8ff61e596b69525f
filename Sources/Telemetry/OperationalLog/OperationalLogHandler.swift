package import Logging
import Primitives
private import Reactor

/// Renders a message of swift-log for `OperationalLog`.
package struct OperationalLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: OperationalLog.Format
    private let coloured: Bool
    private let sink: LineSink
    private let clock: @Sendable () -> UInt64

    /// - Parameter clock: nanoseconds since 1970.
    package init(
        label: String, level: Logger.Level, format: OperationalLog.Format, coloured: Bool, sink: LineSink,
        clock: @escaping @Sendable () -> UInt64 = { Instant.wallClock }
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.coloured = coloured
        self.sink = sink
        self.clock = clock
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        let out = ByteBuffer(capacity: 512)
        switch format {
        case .text: writeText(event, pairs, to: out)
        case .json: writeJSON(event, pairs, to: out)
        }
        sink.write(out.view)
    }

    // MARK: Lines

    private func writeText(_ event: LogEvent, _ pairs: [(String, String)], to out: ByteBuffer) {
        Timestamp(clock()).writeRFC3339(to: out)
        out.append(" ")
        if coloured { out.append(OperationalLogHandler.colour(event.level)) }
        out.append(text: event.level.rawValue)
        if coloured { out.append("\u{1b}[0m") }
        out.append(event.level.rawValue.utf8.count < 5 ? "  " : " ")
        event.message.description.withView { out.append(printable: $0) }
        for (key, value) in pairs {
            out.append(text: " \(key)=")
            let quoted = value.isEmpty || value.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
            if !quoted {
                value.withView { out.append(printable: $0) }
                continue
            }
            out.append("\"")
            value.withView { out.append(jsonEscaped: $0) }
            out.append("\"")
        }
        out.append("\n")
    }

    /// Keys: `time`, `level`, `message`, `logger`, and the metadata under `metadata`.
    private func writeJSON(_ event: LogEvent, _ pairs: [(String, String)], to out: ByteBuffer) {
        out.append("{\"time\":\"")
        Timestamp(clock()).writeRFC3339(to: out)
        out.append(text: "\",\"level\":\"\(event.level.rawValue)\",\"message\":\"")
        event.message.description.withView { out.append(jsonEscaped: $0) }
        out.append("\",\"logger\":\"")
        label.withView { out.append(jsonEscaped: $0) }
        out.append("\"")
        if !pairs.isEmpty {
            out.append(",\"metadata\":")
            var separator: StaticString = "{\""
            for (key, value) in pairs {
                out.append(separator)
                key.withView { out.append(jsonEscaped: $0) }
                out.append("\":\"")
                value.withView { out.append(jsonEscaped: $0) }
                out.append("\"")
                separator = ",\""
            }
            out.append("}")
        }
        out.append("}\n")
    }

    private static func colour(_ level: Logger.Level) -> StaticString {
        switch level {
        case .trace, .debug: "\u{1b}[2m"
        case .info: "\u{1b}[32m"
        case .notice: "\u{1b}[36m"
        case .warning: "\u{1b}[33m"
        case .error, .critical: "\u{1b}[31m"
        }
    }
}

extension ByteBuffer {
    /// Appends text for a person: control characters as `\xHH`, everything else as it is.
    fileprivate func append(printable bytes: ByteView) {
        for i in 0..<bytes.count {
            let byte = bytes[i]
            if byte >= 0x20, byte != 0x7f {
                append(byte: byte)
            } else if byte == 0x0a {
                append("\\n")
            } else {
                append("\\x")
                appendHex(byte)
            }
        }
    }
}
