import GatewayCore
import Primitives
import Reactor
import Testing

/// What a call of gRPC says of itself in its fields.
@Suite struct CallTests {
    @Test(
        arguments: [
            ("application/grpc", .grpc), ("application/grpc+proto", .grpc), ("Application/gRPC;x=y", .grpc), ("application/grpc ;x", .grpc),
            ("application/grpc-web", .web), ("application/grpc-web+proto", .web), ("application/grpc-web;x", .web),
            ("application/grpc-web-text", .webText), ("application/grpc-web-text+proto", .webText), ("application/grpc-webtext", .none),
            ("application/grpcx", .none), ("application/grp", .none), ("application/json", .none), ("", .none),
        ] as [(String, CallKind)]) func kinds(_ text: String, _ kind: CallKind)
    {
        #expect(text.withView { CallKind(contentType: $0) } == kind)
    }

    @Test func withoutTypeThereIsNoCall() { #expect(CallKind(contentType: nil) == .none) }

    @Test(
        arguments: [
            ("1n", 1), ("1u", 1_000), ("20m", 20_000_000), ("3S", 3_000_000_000), ("2M", 120_000_000_000), ("1H", 3_600_000_000_000),
            ("0S", 0), ("00000001S", 1_000_000_000), ("99999999H", .max), ("99999999M", 5_999_999_940_000_000_000),
        ] as [(String, UInt64)]) func timeouts(_ text: String, _ length: UInt64)
    {
        #expect(text.withView { CallTimeout.parse($0) } == length)
    }

    @Test(arguments: ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", "1 S", " 1S", "1S ", "1mS"]) func malformedTimeouts(_ text: String) {
        #expect(text.withView { CallTimeout.parse($0) } == nil)
    }

    @Test(
        arguments: [
            (0, "0n"), (99_999_999, "99999999n"), (100_000_000, "100000u"), (99_999_999_999, "99999999u"), (100_000_000_000, "100000m"),
            (100_000_000_000_000, "100000S"), (.max, "99999999M"),
        ] as [(UInt64, String)]) func timeoutsAreWrittenInTheSmallestUnit(_ length: UInt64, _ text: String)
    {
        let out = ByteBuffer()
        CallTimeout.write(length, to: out)
        #expect(out.view.string == text)
    }

    @Test(
        arguments: [
            (.upstreamTotalTimeout, .deadlineExceeded), (.deadlineExceeded, .deadlineExceeded), (.badCallTimeout, .internal),
            (.routeNotFound, .unimplemented), (.methodNotAllowed, .unknown), (.requestTooLarge, .resourceExhausted),
            (.upstreamConnectFailed, .unavailable), (.noHealthyEndpoint, .unavailable), (.upstreamTimeout, .unavailable),
            (.internalError, .unknown),
        ] as [(Reason, CallStatus)]) func errors(_ reason: Reason, _ status: CallStatus)
    {
        #expect(CallStatus(GatewayError(reason, .gateway)) == status)
    }

    @Test(arguments: [(401, CallStatus.unauthenticated), (403, .permissionDenied), (429, .resourceExhausted), (418, .unknown)])
    func statuses(_ http: Int, _ status: CallStatus) { #expect(CallStatus(httpStatus: http) == status) }

    @Test(arguments: [("0", 0), ("14", 14), ("16", 16), ("17", nil), ("", nil), ("-1", nil), ("014", nil), ("1x", nil)] as [(String, UInt8?)])
    func statusText(_ text: String, _ status: UInt8?) { #expect(text.withView { CallStatus($0) }?.rawValue == status) }

    @Test func setsHoldWhatTheyWereGiven() {
        let set: CallStatusSet = [CallStatusSet(.unavailable), CallStatusSet(.internal)]
        #expect(CallStatus.allCases.filter(set.contains) == [.internal, .unavailable])
    }

    @Test func messagesArePercentEncoded() {
        let out = ByteBuffer()
        CallMessage.write("50% of caff\u{e8}\n", to: out)
        #expect(out.view.string == "50%25 of caff%C3%A8%0A")
    }
}
