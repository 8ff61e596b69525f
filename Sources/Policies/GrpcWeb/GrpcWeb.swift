package import GatewayCore
package import PolicyKit
import Primitives
import Schema

/// Translates between gRPC-Web, which browsers can speak, and gRPC.
package final class GrpcWeb: Policy, RequestPolicy, RequestBodyPolicy, ResponsePolicy, ResponseBodyPolicy {
    package struct Config: Settings {
        package static var about: String { "Translates calls of gRPC-Web, binary or text, over any version of HTTP, into calls of gRPC." }
        package init() {}
    }

    package static let id = "grpc-web"
    package static let example = """
        grpc-web
        """
    package static let reasons: [Reason] = [.badGrpcWeb]

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {}

    package func phases(on route: RouteFacts) -> PolicyPhases {
        route.forwards ? [.request, .requestBody, .response, .responseBody] : []
    }

    // MARK: The request

    package func onRequest(_ exchange: Exchange) -> Verdict {
        if exchange.call.isWeb { GrpcWeb.setType(exchange.request.fields, from: exchange.call, to: .grpc) }
        return .proceed
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        exchange.call == .webText ? .stream(TextDecoding()) : .none
    }

    // MARK: The response

    package func onResponse(_ exchange: Exchange) -> Verdict {
        let fields = exchange.response.fields
        if exchange.call.isWeb, CallKind(contentType: fields[.contentType]) == .grpc { GrpcWeb.setType(fields, from: .grpc, to: exchange.call) }
        return .proceed
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        let response = exchange.response
        guard exchange.call.isWeb, CallKind(contentType: response.fields[.contentType]) == exchange.call else { return .none }
        // A status in the head is all there is ("Trailers-Only"); callers look for it there too.
        guard response.fields.first(ByteView("grpc-status")) == nil, response.framing != .none else { return .none }
        return .stream(TrailerFrame(isText: exchange.call == .webText))
    }

    /// Replaces the media type; the message format and parameters behind it stay.
    private static func setType(_ fields: HeaderFields, from old: CallKind, to new: CallKind) {
        let rest = fields[.contentType]?.dropFirst(old.contentType.utf8CodeUnitCount).string ?? ""
        fields.remove(.contentType)
        fields.append(.contentType) { out in
            out.append(new.contentType)
            out.append(text: rest)
        }
    }
}

extension Reason {
    static let badGrpcWeb = Reason("bad_grpc_web", 400, "The body is not gRPC-Web", "http_request_error")
}

extension CallKind {
    var isWeb: Bool { self == .web || self == .webText }
}
