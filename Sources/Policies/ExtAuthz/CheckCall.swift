import GatewayCore
import Primitives
import Reactor

/// The call of `Check` as gRPC has it over HTTP/2: one message to, one message back.
enum CheckCall {
    static let path = "/envoy.service.auth.v3.Authorization/Check"

    /// Fills the question of a service, whose URL has no path of its own.
    static func fill(_ callout: inout Callout, _ message: [UInt8]) {
        callout.url.target = path
        callout.method = "POST"
        let timeout = ByteBuffer(capacity: 16)
        CallTimeout.write(callout.timeout, to: timeout)
        callout.headers += [("content-type", "application/grpc"), ("grpc-timeout", timeout.view.string)]
        let count = message.count
        callout.body = [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + message
    }

    /// What a response says, or why it says nothing.
    static func read(_ response: FetchResponse) -> Result<CheckResponse, GatewayError> {
        func failure(_ text: String) -> Result<CheckResponse, GatewayError> {
            .failure(GatewayError(.upstreamBadResponse, .upstream, text))
        }
        guard response.status == 200 else { return failure("The service answered \(response.status).") }
        // A call that fails at once has its status in the head.
        let status = (response.trailers + response.headers).first { $0.name.lowercased() == "grpc-status" }?.value
        guard status == "0" else { return failure("The call ended with status \(status.flatMap { Int($0) }.map { "\($0)" } ?? "unknown").") }
        let body = response.body
        guard body.count >= 5, body[0] == 0 else { return failure("The service sent no message, or a compressed one.") }
        let count = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard body.count == 5 + count else { return failure("The service's message has another length than it says.") }
        do throws(ProtobufReader.Malformed) {
            return .success(try CheckResponse(body[5...]))
        } catch {
            return failure("The service's message is malformed.")
        }
    }
}
