import GatewayCore
import HTTPEngine
import Primitives
import Testing

@Suite struct ResponseHeadTests {
    private func parse(_ bytes: [UInt8], _ method: HTTPMethod, _ head: ResponseHead = ResponseHead()) -> HeadResult {
        bytes.withView { ResponseHeadParser.parse($0, method: method, limits: HeadLimits(), into: head) }
    }

    private func describe(_ bytes: [UInt8], _ method: HTTPMethod) -> [UInt8] {
        let head = ResponseHead()
        switch parse(bytes, method, head) {
        case .incomplete: return Array("incomplete".utf8)
        case .failed(let error):
            #expect(error.source == .upstream)
            return Array("\(error.reason.code)".utf8)
        case .complete:
            return Array("\(head.status) ".utf8) + head.reason.array + Array(" \(text(head.framing)) \(head.keepAlive ? "keep" : "close")".utf8)
        }
    }

    @Test func table() throws {
        for row in try CaseFile.byteRows("responses.txt") {
            #expect(describe(row[1], row[0].withView { HTTPMethod($0) }) == row[2], "\(printable(row[1]))")
        }
    }

    @Test func everyPrefix() throws {
        for row in try CaseFile.byteRows("responses.txt") { checkPrefixes(row[1], row[0].withView { HTTPMethod($0) }) }
    }

    @Test(arguments: [HTTPMethod.get, .head]) func fuzzInputs(_ method: HTTPMethod) {
        let inputs = CaseFile.fuzzInputs("ResponseHead")
        #expect(inputs.count > 10)
        for input in inputs { checkPrefixes(input.bytes, method) }
    }

    private func checkPrefixes(_ bytes: [UInt8], _ method: HTTPMethod) {
        let whole = parse(bytes, method)
        for count in bytes.indices {
            let part = parse(Array(bytes[..<count]), method)
            switch (part, whole) {
            case (.incomplete, .complete(let length)): #expect(count < length, "\(printable(bytes)): \(count) bytes are not enough")
            case (.incomplete, _), (.failed, .failed): break
            default: #expect(part == whole, "\(printable(bytes)) at \(count)")
            }
        }
    }

    @Test func limits() {
        var limits = HeadLimits()
        limits.bytes = 30
        limits.fields = 1
        func reason(_ text: String) -> Reason? {
            let result = text.withView { ResponseHeadParser.parse($0, method: .get, limits: limits, into: ResponseHead()) }
            if case .failed(let error) = result { return error.reason }
            return nil
        }
        #expect(reason("HTTP/1.1 200 OK\r\nA: b\r\n\r\n") == nil)
        #expect(reason("HTTP/1.1 200 OK\r\nA: bbbbbbbbbbbbb\r\n\r\n") == .upstreamHeadersTooLarge)
        #expect(reason("HTTP/1.1 200 OK\r\nA: bbbbbbbbbbbbbbbbbbb") == .upstreamHeadersTooLarge)
        #expect(reason("HTTP/1.1 200 OK\r\nA: b\r\nC:\r\n\r\n") == .upstreamHeadersTooLarge)
    }
}
