package import GatewayCore
import Model
package import PolicyKit
import Primitives
package import Schema

/// Where the id of a request comes from, and who is told.
package final class RequestIdentity: Policy, RequestPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("Header that carries the id, to the upstream and back. `X-Request-Id` is forwarded in any case.")
        package var header: String = "x-request-id"

        @Setting(
            "Whose id is taken over, if it is 1 to 128 letters, digits, `-`, `.`, `_`, `~`: that of `trusted-proxies` (see `trustedProxies` of the listener), of anybody (`always`), or of nobody (`never`)."
        )
        package var trust: Trust = .trustedProxies

        @Setting("How other requests get one: `uuid7`, which sorts by time, or `uuid4`, which tells nobody the time.")
        package var generate: Generator = .uuid7

        @Setting("Whether the client is sent the id with every response. Errors of the gateway have it in any case.")
        package var response: Bool = true

        package static var about: String { "Gives each request an id, the same for upstream, client, errors and access log." }
        package init() {}
    }

    package enum Trust: String, SettingChoice {
        case trustedProxies = "trusted-proxies"
        case always, never
    }

    package enum Generator: String, SettingChoice {
        case uuid7, uuid4
    }

    package static let id = "request-id"
    package static let example = """
        request-id: {}
        """

    private let known: KnownField
    private let name: [UInt8]
    private let trust: Trust
    private let generator: Generator
    private let answers: Bool

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        name = Array(config.header.lowercased().utf8)
        known = name.withView { KnownField.named($0) }
        guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else {
            throw PolicyError("`\(config.header)` can't be the name of a header", at: config.$header.position, path: "header")
        }
        guard known == .other || known == .xRequestID else {
            throw PolicyError(
                "`\(config.header)` has a meaning of its own", at: config.$header.position, path: "header",
                remedy: "such as x-request-id or x-correlation-id")
        }
        trust = config.trust
        generator = config.generate
        answers = config.response
    }

    package func phases(on route: RouteFacts) -> PolicyPhases { answers ? [.request, .response] : .request }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let fields = exchange.request.fields
        if !keepGiven(exchange, fields) {
            exchange.forgetGivenRequestID()
            if generator == .uuid4 { exchange.requestID = RequestID(random: (exchange.tools.random.next(), exchange.tools.random.next())) }
        }
        write(exchange, to: fields)
        return .proceed
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        write(exchange, to: exchange.response.fields)
        return .proceed
    }

    private func keepGiven(_ exchange: Exchange, _ fields: HeaderFields) -> Bool {
        guard trust == .always || trust == .trustedProxies && exchange.client.isTrusted else { return false }
        return name.withView { fields.first($0) }.map { exchange.keepRequestID($0) } ?? false
    }

    private func write(_ exchange: Exchange, to fields: HeaderFields) {
        name.withView { name in
            fields.remove(named: name)
            fields.append(known, name: name) { exchange.writeRequestID(to: $0) }
        }
    }
}
