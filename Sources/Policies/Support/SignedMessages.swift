import GatewayCore
import Identity
import Primitives

/// The request of an exchange as the client has sent it, as far as policies before have left it so.
struct ReceivedRequest: SignedMessage {
    let exchange: Exchange

    var control: SignedControl {
        let request = exchange.request
        return .request(
            SignedRequestLine(method: request.methodName, scheme: exchange.clientScheme, authority: request.authority, target: request.target))
    }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        if !isTrailer { exchange.request.fields.forEach(named: name) { body($0.trimmed) } }
    }

    var answered: (any SignedMessage)? { nil }
}

/// The request of an exchange as it goes to the upstream.
struct ForwardedRequest: SignedMessage {
    let exchange: Exchange
    let isSecure: Bool

    var control: SignedControl {
        let request = exchange.request
        let method = request.rewrittenMethod.map { ByteView($0.name) } ?? request.methodName
        return .request(
            SignedRequestLine(
                method: method, scheme: ByteView(isSecure ? "https" : "http"), authority: request.fields[.host] ?? request.authority,
                target: request.view(request.forwardSpan.isEmpty ? request.targetSpan : request.forwardSpan)))
    }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        if !isTrailer { exchange.request.fields.forEach(named: name) { body($0.trimmed) } }
    }

    var answered: (any SignedMessage)? { nil }
}

/// The response of an exchange, which answers the request that the client has sent.
struct GivenResponse: SignedMessage {
    let exchange: Exchange
    /// Fields of the request as they were when it came; they may have been changed since.
    let asked: [RememberedField]

    var control: SignedControl { .response(status: exchange.response.status) }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        if !isTrailer { exchange.response.fields.forEach(named: name) { body($0.trimmed) } }
    }

    var answered: (any SignedMessage)? { RememberedRequest(exchange: exchange, fields: asked) }
}

/// The lines of a field, kept beyond the field.
struct RememberedField: Sendable {
    let name: [UInt8]
    let lines: [[UInt8]]
}

private struct RememberedRequest: SignedMessage {
    let exchange: Exchange
    let fields: [RememberedField]

    var control: SignedControl { ReceivedRequest(exchange: exchange).control }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        guard !isTrailer, let field = fields.first(where: { $0.name.withView { $0 == name } }) else { return }
        for line in field.lines {
            guard line.withView(body) else { return }
        }
    }

    var answered: (any SignedMessage)? { nil }
}
