import GatewayCore
import HTTPEngine
import Primitives
import Testing

@Suite struct RequestHeadTests {
    private func describe(_ bytes: [UInt8], _ limits: HeadLimits = HeadLimits()) -> String {
        let head = RequestHead()
        switch bytes.withView({ RequestHeadParser.parse($0, limits: limits, into: head) }) {
        case .incomplete: return "incomplete"
        case .failed(let error): return "\(error.reason.code)"
        case .complete:
            var words = [head.methodName.string, head.path.string]
            if let query = head.query { words.append("?" + query.string) }
            if !head.host.isEmpty { words.append("host=" + head.host.string) }
            words.append(text(head.framing))
            words.append(head.keepAlive ? "keep" : "close")
            if head.minorVersion == 0 { words.append("1.0") }
            if head.expectsContinue { words.append("expect") }
            return words.joined(separator: " ")
        }
    }

    @Test func table() throws {
        for row in try CaseFile.byteRows("requests.txt") {
            #expect(describe(row[0]) == String(decoding: row[1], as: UTF8.self), "\(printable(row[0]))")
        }
    }

    /// Cut anywhere, a head is incomplete, or already as wrong as the whole; never something else.
    @Test func everyPrefix() throws {
        for row in try CaseFile.byteRows("requests.txt") { checkPrefixes(row[0]) }
    }

    @Test func fuzzInputs() {
        let inputs = CaseFile.fuzzInputs("RequestHead")
        #expect(inputs.count > 20)
        for input in inputs { checkPrefixes(input.bytes) }
    }

    private func checkPrefixes(_ bytes: [UInt8]) {
        let whole = bytes.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: RequestHead()) }
        for count in bytes.indices {
            let part = Array(bytes[..<count]).withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: RequestHead()) }
            switch (part, whole) {
            case (.incomplete, .complete(let length)): #expect(count < length, "\(printable(bytes)): \(count) bytes are not enough")
            case (.incomplete, _): break
            case (.complete, _): #expect(part == whole, "\(printable(bytes)) at \(count)")
            case (.failed(let one), .failed(let all)): #expect(one.reason.status / 100 == all.reason.status / 100, "\(printable(bytes)) at \(count)")
            case (.failed, _): Issue.record("\(printable(bytes)) fails at \(count), but not as a whole")
            }
        }
    }

    /// The same head object serves one request after the other.
    @Test func nothingOfAnotherRequestStays() throws {
        let head = RequestHead()
        let rows = try CaseFile.byteRows("requests.txt")
        for before in rows {
            for row in rows.prefix(8) {
                _ = before[0].withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: head) }
                let result = row[0].withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: head) }
                let fresh = RequestHead()
                let expected = row[0].withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: fresh) }
                #expect(result == expected && head.framing == fresh.framing && head.keepAlive == fresh.keepAlive)
                #expect(head.query?.string == fresh.query?.string && head.host == fresh.host && head.expectsContinue == fresh.expectsContinue)
            }
        }
    }

    // MARK: Limits

    private func head(target: Int = 1, fields: Int = 0, value: Int = 1) -> [UInt8] {
        let lines = (0..<fields).map { "X-\($0): \(String(repeating: "v", count: value))\r\n" }.joined()
        return Array("GET /\(String(repeating: "t", count: target - 1)) HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8)
    }

    @Test func targetLimit() {
        var limits = HeadLimits()
        limits.target = 20
        #expect(describe(head(target: 20), limits).hasPrefix("GET /t"))
        #expect(describe(head(target: 21), limits) == "target_too_long")
        #expect(describe(Array("GET /\(String(repeating: "t", count: 20))".utf8), limits) == "target_too_long", "without waiting for the end")
    }

    @Test func fieldLimit() {
        var limits = HeadLimits()
        limits.fields = 3
        #expect(describe(head(fields: 2), limits).hasPrefix("GET"))
        #expect(describe(head(fields: 3), limits) == "too_many_headers")
    }

    @Test func byteLimit() {
        var limits = HeadLimits()
        let bytes = head(fields: 5, value: 40)
        limits.bytes = bytes.count
        #expect(describe(bytes, limits).hasPrefix("GET"))
        #expect(describe(bytes + Array("body".utf8), limits).hasPrefix("GET"), "what follows does not count")
        limits.bytes -= 1
        #expect(describe(bytes, limits) == "headers_too_large")
        limits.bytes = 50
        #expect(describe(Array(bytes[..<40]), limits) == "incomplete")
        #expect(describe(Array(bytes[..<51]), limits) == "headers_too_large", "without waiting for the end")
    }
}

func text(_ framing: BodyFraming) -> String {
    switch framing {
    case .none: "none"
    case .length(let count): "length=\(count)"
    case .chunked: "chunked"
    case .untilClose: "until-close"
    }
}

func printable(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self).debugDescription }
