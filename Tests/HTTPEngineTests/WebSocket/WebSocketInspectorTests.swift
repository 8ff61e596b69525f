import HTTPEngine
import Primitives
import Reactor
import Testing

@Suite struct WebSocketInspectorTests {
    /// What passed, and how it ended.
    private struct Seen: Equatable {
        var passed: [UInt8] = []
        var end = WebSocketInspector.End.more
    }

    /// Bytes in hexadecimal: those that have to pass, and behind `!` those that must not.
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let passes: String
        var rest = ""
        var violation: WebSocketInspector.Violation?
        var sender = WebSocketInspector.Sender.server
        var most = UInt64.max
        var bits: UInt8 = 0
        var testDescription: String { what }
    }

    static let rows: [Row] = [
        Row(what: "text", passes: "8102 6869"),
        Row(what: "a client's text", passes: "8182 01020304 6869", sender: .client),
        Row(what: "binary, empty", passes: "8200"),
        Row(what: "126 bytes", passes: "827e007e" + String(repeating: "61", count: 126)),
        Row(what: "three fragments with a ping between", passes: "0101 61 8901 70 0001 62 8001 63"),
        Row(what: "ping, pong, close", passes: "8900 8a00 8802 03e8"),
        Row(what: "a close without a code", passes: "8800"),
        Row(what: "compressed where agreed", passes: "c101 61", bits: 0x40),
        Row(what: "a message of exactly the limit", passes: "8204 61626364", most: 4),
        Row(what: "two messages, each within the limit", passes: "8203 616263 8203 616263", most: 4),
        Row(what: "control frames do not count", passes: "0103 616263 8905 6162636465 8001 64", most: 4),
        Row(what: "too large", passes: "", rest: "8205 6162636465", violation: .messageTooLarge, most: 4),
        Row(what: "too large together", passes: "0203 616263", rest: "8002 6465", violation: .messageTooLarge, most: 4),
        Row(what: "much too large", passes: "", rest: "827f 7fffffffffffffff 61", violation: .messageTooLarge, most: 1 << 40),
        Row(what: "a sum beyond 64 bits", passes: "0201 61", rest: "807f ffffffffffffffff", violation: .protocolError("a length of 64 bits")),
        Row(what: "a server that masks", passes: "", rest: "8181 01020304 61", violation: .protocolError("a mask")),
        Row(what: "a client that does not", passes: "", rest: "8101 61", violation: .protocolError("no mask"), sender: .client),
        Row(what: "a reserved bit", passes: "8100", rest: "c100", violation: .protocolError("a reserved bit")),
        Row(what: "another reserved bit", passes: "", rest: "a100", violation: .protocolError("a reserved bit"), bits: 0x40),
        Row(what: "opcode 3", passes: "", rest: "8300", violation: .protocolError("an unknown opcode")),
        Row(what: "opcode 11", passes: "", rest: "8b00", violation: .protocolError("an unknown opcode")),
        Row(what: "a ping in fragments", passes: "", rest: "0900", violation: .protocolError("a control frame in fragments")),
        Row(
            what: "a long ping", passes: "", rest: "897e007e" + String(repeating: "61", count: 126),
            violation: .protocolError("a control frame that is too long")),
        Row(what: "half a code", passes: "", rest: "8801 03", violation: .protocolError("a Close with half a code")),
        Row(what: "a continuation of nothing", passes: "8100", rest: "8000", violation: .protocolError("a continuation of no message")),
        Row(what: "a message in another", passes: "0100", rest: "8100", violation: .protocolError("a message inside another")),
        Row(what: "what comes behind Close is nobody's concern", passes: "8802 03e8 8100 ff"),
        Row(what: "16 bits for 125", passes: "", rest: "827e007d", violation: .protocolError("a length that is longer than needed")),
        Row(
            what: "64 bits for 65535", passes: "", rest: "827f000000000000ffff",
            violation: .protocolError("a length that is longer than needed")),
        Row(what: "the highest bit", passes: "", rest: "827f8000000000000000", violation: .protocolError("a length of 64 bits")),
    ]

    private func inspector(_ row: Row) -> WebSocketInspector {
        var limits = WebSocketInspector.Limits()
        limits.message = row.most
        limits.extensionBits = row.bits
        return WebSocketInspector(from: row.sender, limits: limits)
    }

    private func scan(_ row: Row, _ pieces: [ArraySlice<UInt8>]) -> Seen {
        var inspector = inspector(row)
        var seen = Seen()
        for piece in pieces where seen.end == .more {
            let held = inspector.held
            let scan = Array(piece).withView { inspector.scan($0, now: Instant(nanoseconds: 0)) }
            if scan.releasesHeld { seen.passed += (0..<held.count).map { held[$0] } }
            seen.passed += piece.prefix(scan.passes)
            seen.end = scan.end
        }
        return seen
    }

    @Test(arguments: rows) func whole(_ row: Row) {
        let passes = bytes(row.passes)
        let seen = scan(row, [(passes + bytes(row.rest))[...]])
        #expect(seen.passed == passes)
        #expect(seen.end == row.violation.map { .violation($0) } ?? .more)
    }

    @Test(arguments: rows) func cutAnywhere(_ row: Row) {
        let all = bytes(row.passes) + bytes(row.rest)
        let whole = scan(row, [all[...]])
        for cut in 1..<max(2, all.count) where cut < all.count { #expect(scan(row, [all[..<cut], all[cut...]]) == whole, "cut at \(cut)") }
        #expect(scan(row, all.indices.map { all[$0...$0] }) == whole, "byte by byte")
    }

    @Test func stopsAtTheEndOfAFrame() {
        var inspector = WebSocketInspector(from: .server)
        let first = bytes("8104 6162"), rest = bytes("6364 8101 65")
        _ = first.withView { inspector.scan($0, now: Instant(nanoseconds: 0)) }
        #expect(!inspector.isBetweenFrames)
        let scan = rest.withView { inspector.scan($0, now: Instant(nanoseconds: 0), stopsAtBoundary: true) }
        #expect(scan.passes == 2 && scan.end == .boundary && inspector.isBetweenFrames)
    }

    @Test func aSecondsWorthOfMessagesAtOnceThenEvenly() {
        var limits = WebSocketInspector.Limits()
        limits.messagesPerSecond = 10
        var inspector = WebSocketInspector(from: .server, limits: limits)
        func allowed(at milliseconds: Int, _ count: Int) -> Int {
            let now = Instant(nanoseconds: 5_000_000_000) + .milliseconds(milliseconds)
            for i in 0..<count {
                var copy = inspector
                let end = bytes("8100").withView { copy.scan($0, now: now).end }
                guard end == .more else {
                    #expect(end == .violation(.tooManyMessages))
                    return i
                }
                inspector = copy
            }
            return count
        }
        #expect(allowed(at: 0, 20) == 10)
        #expect(allowed(at: 99, 5) == 0)
        #expect(allowed(at: 100, 5) == 1)
        #expect(allowed(at: 600, 9) == 5)
        #expect(allowed(at: 60_000, 20) == 10)
    }

    @Test func closeFrames() {
        let out = ByteBuffer()
        WebSocketClose.write(1001, isMasked: false, to: out)
        #expect(out.view.array == [0x88, 2, 0x03, 0xe9])
        out.clear()
        WebSocketClose.write(1009, isMasked: true, to: out)
        let frame = out.view.array
        #expect(frame.count == 8 && frame[0] == 0x88 && frame[1] == 0x82)
        #expect([frame[6] ^ frame[2], frame[7] ^ frame[3]] == [0x03, 0xf1])
    }

    private func bytes(_ text: String) -> [UInt8] {
        let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
