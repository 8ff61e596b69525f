import CNghttp2
import GatewayCore

/// Error codes of RST_STREAM and GOAWAY (RFC 9113 §7).
enum ErrorCode: UInt32 {
    case noError = 0x0
    case protocolError = 0x1
    case internalError = 0x2
    case flowControlError = 0x3
    case settingsTimeout = 0x4
    case streamClosed = 0x5
    case frameSizeError = 0x6
    case refusedStream = 0x7
    case cancel = 0x8
    case compressionError = 0x9
    case connectError = 0xa
    case enhanceYourCalm = 0xb
    case inadequateSecurity = 0xc
    case http11Required = 0xd

    /// What a peer is told when its stream can't go on.
    init(_ reason: Reason) {
        switch reason {
        case .clientClosed, .bodyTimeout, .clientWriteTimeout, .draining: self = .cancel
        case .badHeader, .badFraming, .badTarget, .badHost, .badRequestLine: self = .protocolError
        default: self = .internalError
        }
    }
}
