import GatewayCore
import Testing

@Suite struct ReasonTests {
    @Test func codesAreUniqueAndPlain() {
        let codes = Reason.builtIn.map { "\($0.code)" }
        #expect(Set(codes).count == codes.count)
        for code in codes { #expect(code.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x61...0x7a).contains($0) }, "\(code)") }
    }

    @Test func everyStatusIsAnErrorWithAPhrase() {
        for reason in Reason.builtIn {
            #expect((400...599).contains(reason.status))
            let phrase = "\(StatusText.phrase(reason.status))"
            #expect(!phrase.isEmpty || reason == .clientClosed, "\(reason) has no phrase")
            #expect(!"\(reason.entry.title)".contains("\""))
        }
    }

    @Test func errorsSayWhoIsToBlame() {
        let error = GatewayError(.badHost)
        #expect(error.source == .downstream && error.retry == .no && error.detail == "Missing or malformed host.")
        #expect(GatewayError(.upstreamReset, .upstream, retry: .ifReused, "Gone.").detail == "Gone.")
    }
}
