import GatewayCore
import PolicyKit
import Primitives

extension ForwardAuth {
    /// What the service is asked: the request's fields, and what the gateway knows of it.
    func question(_ exchange: Exchange, body: [UInt8]?) -> Callout {
        let request = exchange.request
        var callout = service.question
        callout.method = method.map { "\($0.name)" } ?? (body == nil ? "GET" : request.methodName.string)
        callout.headers = request.fields.forAsking { requestNames?.contains($0) ?? true }
        if let body { callout.body = body } else { callout.headers.removeAll { $0.name == "content-type" || $0.name == "content-encoding" } }
        callout.headers.removeAll {
            $0.name == "x-request-id" || $0.name.hasPrefix("x-original-") || $0.name == "x-forwarded-method" || $0.name == "x-forwarded-uri"
        }
        let method = request.methodName.string, scheme = exchange.clientScheme.string
        let host = request.authority.isEmpty ? request.host.string : request.authority.string
        let target = exchange.normalTarget
        callout.headers += [
            ("x-forwarded-method", method), ("x-forwarded-proto", scheme), ("x-forwarded-host", host), ("x-forwarded-uri", target),
            ("x-forwarded-for", exchange.client.address.description), ("x-original-method", method),
            ("x-original-url", "\(scheme)://\(host)\(target)"), ("x-request-id", exchange.requestIDText),
        ]
        return callout
    }
}
