import GatewayCore
import Primitives

/// The gateway's own errors as callers of gRPC understand them: 200 with the status in the head ("Trailers-Only").
enum CallErrorResponse {
    static func compose(_ error: GatewayError, on exchange: Exchange) {
        let response = exchange.response
        let fields = response.fields
        response.status = 200
        fields.remove(.contentType)
        fields.append(.contentType, ByteView(exchange.call.contentType))
        fields.append(.other, name: CallField.status) { $0.append(decimal: Int(CallStatus(error).rawValue)) }
        fields.append(.other, name: CallField.message) { CallMessage.write(error.detail, to: $0) }
        response.framing = .length(0)
    }
}
