import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct OperationalLogTests {
    /// What a logger writes, to a pipe.
    private func written(_ format: OperationalLog.Format = .text, coloured: Bool = false, _ body: (inout Logger) -> Void) -> String {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let sink = LineSink(handle: ends[1])
        var logger = Logger(label: "sluice") { label in
            OperationalLogHandler(label: label, level: .debug, format: format, coloured: coloured, sink: sink) { 1_795_428_000_123_000_000 }
        }
        body(&logger)
        close(ends[1])
        defer { close(ends[0]) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = read(ends[0], &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func oneLineForEachMessage() {
        let text = written {
            $0[metadataKey: "listener"] = "web"
            $0.info("configuration applied", metadata: ["routes": "12", "file": "a b", "empty": ""])
            $0.trace("not this")
            $0.warning("slow")
        }
        #expect(
            text == """
                2026-11-23T10:00:00.123Z info  configuration applied empty="" file="a b" listener=web routes=12
                2026-11-23T10:00:00.123Z warning slow listener=web

                """)
    }

    @Test func nothingForgesALine() {
        #expect(
            written { $0.error("a\nb\u{1b}[2J", metadata: ["k": "x\ny\"z"]) } == #"2026-11-23T10:00:00.123Z error a\nb\x1b[2J k="x\ny\"z""# + "\n")
    }

    @Test func coloursOnRequestOnly() {
        #expect(written(coloured: true) { $0.error("x") }.contains("\u{1b}[31merror\u{1b}[0m x"))
    }

    @Test func jsonLines() {
        let text = written(.json) { $0.notice("a \"b\"", metadata: ["k": "v", "list": ["1", "2"]]) }
        #expect(
            text
                == #"{"time":"2026-11-23T10:00:00.123Z","level":"notice","message":"a \"b\"","logger":"sluice","metadata":{"k":"v","list":"[\"1\", \"2\"]"}}"#
                + "\n")
    }
}
