package import Primitives

/// Status codes of gRPC.
package enum CallStatus: UInt8, Sendable, CaseIterable {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied, resourceExhausted
    case failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss, unauthenticated

    /// What an error of the gateway is to a caller: gRPC's mapping of HTTP statuses, where 429 is what proxies make of it,
    /// and an exchange that ran out of time has missed its deadline.
    package init(_ error: GatewayError) {
        switch error.reason {
        case .deadlineExceeded, .upstreamTotalTimeout: self = .deadlineExceeded
        default: self.init(httpStatus: error.status)
        }
    }

    package init(httpStatus: Int) {
        switch httpStatus {
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 413, 429: self = .resourceExhausted
        case 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }

    /// The value of `grpc-status`.
    package init?(_ text: ByteView) {
        guard text.count == 1 || text.count == 2 else { return nil }
        var number: UInt8 = 0
        for i in 0..<text.count {
            let byte = text[i]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number &* 10 &+ (byte &- UInt8(ascii: "0"))
        }
        self.init(rawValue: number)
    }
}

/// A set of status codes.
package struct CallStatusSet: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ status: CallStatus) { rawValue = 1 << UInt32(status.rawValue) }
    package func contains(_ status: CallStatus) -> Bool { rawValue & 1 << UInt32(status.rawValue) != 0 }
}

/// The text of `grpc-message`: what is not printable ASCII is percent-encoded, and so is `%` ("Status-Message").
package enum CallMessage {
    package static func write(_ text: String, to out: ByteBuffer) {
        for byte in text.utf8 {
            if byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
                out.append(byte: byte)
            } else {
                out.append(byte: UInt8(ascii: "%"))
                out.append(byte: ASCII.hexDigit(byte >> 4))
                out.append(byte: ASCII.hexDigit(byte & 15))
            }
        }
    }
}
