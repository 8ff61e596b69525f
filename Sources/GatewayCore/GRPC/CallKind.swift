package import Primitives

/// Which form of gRPC a request is a call of, if any.
package enum CallKind: UInt8, Sendable {
    case none
    /// `application/grpc`, over HTTP/2.
    case grpc
    /// `application/grpc-web`: what browsers send, over any version of HTTP.
    case web
    /// `application/grpc-web-text`: the same in Base64.
    case webText

    /// By the value of `Content-Type`. What follows `+` names the message format, what follows `;` are parameters.
    package init(contentType: ByteView?) {
        self = .none
        guard let contentType, contentType.count >= 16, contentType.prefix(16).equalsIgnoringCase("application/grpc") else { return }
        let rest = contentType.dropFirst(16)
        if CallKind.ends(rest) {
            self = .grpc
        } else if rest.prefix(9).equalsIgnoringCase("-web-text"), CallKind.ends(rest.dropFirst(9)) {
            self = .webText
        } else if rest.prefix(4).equalsIgnoringCase("-web"), CallKind.ends(rest.dropFirst(4)) {
            self = .web
        }
    }

    /// The media type without message format.
    package var contentType: StaticString {
        switch self {
        case .none, .grpc: "application/grpc"
        case .web: "application/grpc-web"
        case .webText: "application/grpc-web-text"
        }
    }

    private static func ends(_ rest: ByteView) -> Bool {
        guard rest.count > 0 else { return true }
        return rest[0] == UInt8(ascii: "+") || rest[0] == UInt8(ascii: ";") || rest[0] == UInt8(ascii: " ")
    }
}
