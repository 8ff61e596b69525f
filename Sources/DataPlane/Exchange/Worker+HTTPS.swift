import GatewayCore
import Primitives
import Reactor

/// Listeners that send their clients to one with TLS (`redirectToHttps`).
extension Worker {
    /// Where certificate authorities look without TLS whether a name is somebody's (RFC 8555 §8.3): there may be none yet.
    private static let validations: StaticString = "/.well-known/acme-challenge/"

    /// True when the exchange has been answered with a redirect.
    func redirectsToHTTPS(_ exchange: Exchange) -> Bool {
        guard let port = exchange.listener?.httpsPort, exchange.clientScheme == "http" else { return false }
        let request = exchange.request, validations = ByteView(Worker.validations)
        // `*` is a question about the gateway itself.
        guard request.path.count > 0, request.path[0] == UInt8(ascii: "/"), request.path.prefix(validations.count) != validations else {
            return false
        }
        guard let length = Authority.hostLength(request.authority) else {
            refuse(exchange, GatewayError(.badHost, "The request names no host that it could be sent to."))
            return true
        }
        let response = exchange.response
        // The method and the body stay what they are (RFC 9110 §15.4.9).
        response.status = 308
        response.framing = .length(0)
        response.fields.append(.location) { out in
            out.append("https://")
            out.append(request.authority.prefix(length))
            if port != 443 {
                out.append(byte: UInt8(ascii: ":"))
                out.append(decimal: Int(port))
            }
            out.append(request.path)
            if let query = request.query {
                out.append(byte: UInt8(ascii: "?"))
                out.append(query)
            }
        }
        exchange.reply(body: ByteView())
        return true
    }
}
