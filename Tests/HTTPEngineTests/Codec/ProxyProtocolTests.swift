import HTTPEngine
import Primitives
import Testing

@Suite struct ProxyProtocolTests {
    private func describe(_ bytes: [UInt8]) -> String {
        switch bytes.withView({ ProxyProtocol.parse($0) }) {
        case .incomplete: "incomplete"
        case .failed: "failed"
        case .complete(let length, let source?, let port): "\(source) \(port) \(length)"
        case .complete(let length, nil, _): "local \(length)"
        }
    }

    @Test func table() throws {
        for row in try CaseFile.byteRows("proxy.txt") {
            #expect(describe(row[0]) == String(decoding: row[1], as: UTF8.self), "\(printable(row[0]))")
        }
    }

    @Test func everyPrefix() throws {
        let inputs = try CaseFile.byteRows("proxy.txt").map { $0[0] } + CaseFile.fuzzInputs("Proxy").map(\.bytes)
        #expect(inputs.count > 50)
        for bytes in inputs {
            let whole = describe(bytes)
            for count in bytes.indices {
                let part = describe(Array(bytes[..<count]))
                #expect(part == "incomplete" || part == whole, "\(printable(bytes)) at \(count): \(part), \(whole)")
            }
        }
    }
}
