import GatewayCore
import HTTPEngine
import Primitives
import Testing

@Suite struct ChunkedDecoderTests {
    private struct Decoded: Equatable {
        var body: [UInt8] = []
        var outcome = "more"
    }

    /// Decodes the pieces one after the other, as reads bring them.
    private func decode(_ pieces: [[UInt8]]) -> Decoded {
        var decoder = ChunkedDecoder()
        var result = Decoded()
        var left = pieces.reduce(0) { $0 + $1.count }
        for piece in pieces {
            var at = 0
            let isOver = piece.withView { view in
                while true {
                    switch decoder.next(view, at: &at) {
                    case .data(let range): result.body += view[range].array
                    case .more: return false
                    case .end:
                        result.outcome = "end \(left - at)"
                        if let trailers = decoder.takeTrailers() { result.outcome += " " + text(trailers) }
                        return true
                    case .failed:
                        result.outcome = "failed"
                        return true
                    }
                }
            }
            if isOver { return result }
            left -= piece.count
        }
        return result
    }

    private func text(_ fields: HeaderFields) -> String {
        (0..<fields.count).filter { !fields.isRemoved(at: $0) }.map { "\(fields.name(at: $0).string): \(fields.value(at: $0).string)" }
            .joined(separator: "|")
    }

    @Test func table() throws {
        for row in try CaseFile.byteRows("chunked.txt") {
            let decoded = decode([row[0]])
            #expect(decoded.body == row[1] && decoded.outcome == String(decoding: row[2], as: UTF8.self), "\(printable(row[0]))")
        }
    }

    @Test func cutAnywhere() throws {
        for row in try CaseFile.byteRows("chunked.txt") { checkCuts(row[0]) }
    }

    @Test func fuzzInputs() {
        let inputs = CaseFile.fuzzInputs("Chunked")
        #expect(inputs.count > 20)
        for input in inputs { checkCuts(input.bytes) }
    }

    private func checkCuts(_ bytes: [UInt8]) {
        let whole = decode([bytes])
        #expect(decode(bytes.map { [$0] }) == whole, "\(printable(bytes)) byte by byte")
        for cut in bytes.indices { #expect(decode([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "\(printable(bytes)) cut at \(cut)") }
    }

    private func outcome(_ text: String) -> String { decode([Array(text.utf8)]).outcome }

    @Test func extensionsAreBounded() {
        #expect(outcome("1;\(String(repeating: "e", count: 1000))\r\nx\r\n0\r\n\r\n") == "end 0")
        #expect(outcome("1;\(String(repeating: "e", count: 1100))\r\nx\r\n0\r\n\r\n") == "failed")
        #expect(outcome("1\(String(repeating: " ", count: 1100));e\r\nx\r\n0\r\n\r\n") == "failed")
        let small = "1;\(String(repeating: "e", count: 500))\r\nx\r\n"
        #expect(outcome(String(repeating: small, count: 20) + "0\r\n\r\n") == "end 0")
        #expect(outcome(String(repeating: small, count: 40) + "0\r\n\r\n") == "failed", "many short ones are as bad as a long one")
    }

    @Test func trailersAreBounded() {
        #expect(outcome("0\r\nX: \(String(repeating: "t", count: 8000))\r\n\r\n").hasPrefix("end 0"))
        #expect(outcome("0\r\nX: \(String(repeating: "t", count: 9000))\r\n\r\n") == "failed")
        #expect(outcome("0\r\nX: \(String(repeating: "t", count: 9000))") == "failed")
        #expect(outcome("0\r\n\((0..<101).map { "a\($0): b\r\n" }.joined())\r\n") == "failed")
    }

    @Test func aDecoderThatFailedStaysFailed() {
        var decoder = ChunkedDecoder()
        var at = 0
        guard case .failed = decoder.next(ByteView("x"), at: &at) else {
            Issue.record("accepted")
            return
        }
        at = 0
        guard case .failed = decoder.next(ByteView("0\r\n\r\n"), at: &at) else {
            Issue.record("accepted after a failure")
            return
        }
    }

    @Test func aLargeChunkIsPassedOnAsItComes() {
        var decoder = ChunkedDecoder()
        var total = 0
        let piece = [UInt8](repeating: 7, count: 65_536)
        var at = 0
        _ = decoder.next(ByteView("100000000\r\n"), at: &at)
        for _ in 0..<16 {
            at = 0
            piece.withView { if case .data(let range) = decoder.next($0, at: &at) { total += range.count } }
        }
        #expect(total == 16 * 65_536)
    }
}
