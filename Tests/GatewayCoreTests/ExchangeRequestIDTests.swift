import GatewayCore
import Primitives
import ReactorTesting
import Testing

@Suite struct ExchangeRequestIDTests {
    private let exchange = Exchange(loop: MemoryNetwork().loop)

    private func text() -> String {
        let out = ByteBuffer()
        exchange.writeRequestID(to: out)
        return out.view.string
    }

    private func keep(_ given: String) -> Bool {
        exchange.request.fields.append("X-Request-Id", given)
        return exchange.request.fields[.xRequestID].map { exchange.keepRequestID($0) } ?? false
    }

    @Test(arguments: ["a", "A-z_0.9~", String(repeating: "x", count: 128)])
    func plainIDsAreTakenOver(given: String) {
        exchange.requestID = RequestID(random: (1, 2))
        #expect(keep(given))
        #expect(text() == given && exchange.keptRequestID.string == given)
        exchange.forgetGivenRequestID()
        #expect(text() == "00000000-0000-4001-8000-000000000002" && exchange.keptRequestID.isEmpty)
    }

    @Test(arguments: ["", " ", "a b", "a\"b", "<b>", "é", "a/b", "a\u{0}", String(repeating: "x", count: 129)])
    func othersAreNot(given: String) {
        exchange.requestID = RequestID(random: (1, 2))
        #expect(!keep(given))
        #expect(text() == "00000000-0000-4001-8000-000000000002")
    }

    @Test func anIDOfAnotherExchangeIsForgotten() {
        #expect(keep("mine"))
        exchange.reset()
        #expect(exchange.keptRequestID.isEmpty)
    }

    /// It can be written into the storage that it is read from, which grows on the way.
    @Test func itIsCopiedWithinTheHead() {
        for length in 800..<1100 {
            let exchange = Exchange(loop: MemoryNetwork().loop)
            exchange.request.fields.append("x-request-id", "edge-1")
            if let given = exchange.request.fields[.xRequestID] { exchange.keepRequestID(given) }
            exchange.request.fields.append("x", String(repeating: "x", count: length))
            exchange.request.fields.append(.xRequestID) { exchange.writeRequestID(to: $0) }
            #expect(exchange.request.fields.value(at: 2).string == "edge-1")
        }
    }

    @Test func versionFourIsRandomButForSixBits() {
        let out = ByteBuffer()
        RequestID(random: (.max, .max)).write(to: out)
        #expect(out.view.string == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }

    @Test(arguments: [
        (true, "https", "https"), (true, "HTTPS , http", "https"), (true, "http,https", "http"), (true, "gopher", "http"), (true, nil, "http"),
        (false, "https", "http"),
    ])
    func theSchemeThatTheClientSees(trusted: Bool, given: String?, expected: String) {
        exchange.client.isTrusted = trusted
        if let given { exchange.request.fields.append("X-Forwarded-Proto", given) }
        #expect(exchange.clientScheme.string == expected)
    }
}
