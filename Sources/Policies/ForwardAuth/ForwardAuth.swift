package import GatewayCore
package import PolicyKit
package import Primitives
import Reactor
package import Schema

/// Asks a service about each request by HTTP: any status of 2xx lets it pass, anything else is what the client is answered
/// (`docs/guides/authorisation.md`).
package final class ForwardAuth: DecidingPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("Where the service is asked.")
        package var url: CalloutURL

        @Setting("Method of the question. Left out: `GET`, or the request's own when `body` sends its body.")
        package var method: HTTPMethod?

        @Setting(
            """
            Fields of the request that the service sees; `x-*` for all that begin so. Left out: all but those that belong to the connection. What \
            the gateway itself says of the request it always sees: `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`, `-For`, `X-Original-Method`, \
            `X-Original-URL`, `X-Request-Id`.
            """)
        package var requestHeaders: [String]?

        @Setting(
            """
            Fields of the service's answer that the upstream sees, such as `x-auth-*`. A client's own of these names are always taken away.
            """)
        package var responseHeaders: [String] = []

        @Setting("Fields of the service's answer that the client sees with the upstream's response, such as `set-cookie`.")
        package var clientHeaders: [String] = []

        @Setting("Sends the request's body, too, up to so many bytes; a longer one is refused. Left out: no body is sent.")
        package var body: ByteSize?

        @Setting("For the whole question.", .milliseconds(1) ... .seconds(60))
        package var timeout: Duration = .seconds(5)

        @Setting("What becomes of requests while the service does not answer, or answers with 5xx.")
        package var onFailure: OnFailure = .refuse

        @Setting("Remembers answers. Left out: every request is asked about.")
        package var cache: DecisionCacheSettings?

        @Setting("TLS with the service, beyond that its URL begins with `https`.")
        package var tls: CalloutTLSSettings?

        package static var about: String { "Asks a service about each request by HTTP, as Traefik's ForwardAuth and nginx's auth_request do." }
        package init() {}
    }

    package static let id = "forward-auth"
    package static let example = """
        forward-auth: { url: "http://auth.internal/verify", responseHeaders: [x-user] }
        """
    package static let reasons: [Reason] = [.accessDenied, .authorizationUnavailable]
    package static var isGuard: Bool { true }

    let service: DecisionService
    let method: HTTPMethod?
    let requestNames: FieldNames?
    let upstreamNames: FieldNames
    let clientNames: FieldNames
    package let mostBody: Int?
    private let onFailure: OnFailure
    private let memory: DecisionMemory<Answer>?

    /// What the service has said.
    enum Answer: Sendable {
        case allowed(upstream: FieldList, client: FieldList)
        case refused(FetchResponse)
    }

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        service = try DecisionService(config.url, timeout: config.timeout, tls: config.tls, context, most: 1 << 20)
        method = config.method
        requestNames = try config.requestHeaders.map { (names) throws(PolicyError) in
            try FieldNames(names, at: config.$requestHeaders.position, "requestHeaders")
        }
        upstreamNames = try FieldNames(config.responseHeaders, at: config.$responseHeaders.position, "responseHeaders")
        clientNames = try FieldNames(config.clientHeaders, at: config.$clientHeaders.position, "clientHeaders")
        mostBody = config.body?.bytes
        onFailure = config.onFailure
        memory = try DecisionMemory.make(config.cache, dependsOnBody: config.body != nil, context)
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = .request
        if mostBody != nil { phases.insert(.requestBody) }
        if !clientNames.isEmpty { phases.insert(.response) }
        return phases
    }

    // MARK: The request

    package func remembered(_ exchange: Exchange) -> Verdict? {
        memory?.value(for: exchange).map { follow($0, exchange) }
    }

    package func ask(_ exchange: Exchange, body: [UInt8]?) async -> Verdict {
        let key = memory?.key(of: exchange)
        switch await service.ask(question(exchange, body: body), on: exchange.loop) {
        case .failure(let error): return fail(error, exchange)
        case .success(let response) where response.status >= 500:
            return fail(GatewayError(.upstreamBadResponse, .upstream, "The service answered \(response.status)."), exchange)
        case .success(let response):
            let answer = read(response)
            // Pages for people are not worth the room.
            if let key, response.body.count <= 16 << 10 { memory?.remember(answer, for: key, of: exchange) }
            return follow(answer, exchange)
        }
    }

    private func fail(_ error: GatewayError, _ exchange: Exchange) -> Verdict {
        upstreamNames.remove(from: exchange.request.fields)
        return exchange.decide(error, onFailure)
    }

    private func read(_ response: FetchResponse) -> Answer {
        guard (200...299).contains(response.status) else { return .refused(response) }
        return .allowed(upstream: response.fields { upstreamNames.contains($0) }, client: response.fields { clientNames.contains($0) })
    }

    private func follow(_ answer: Answer, _ exchange: Exchange) -> Verdict {
        switch answer {
        case .allowed(let upstream, let client):
            upstreamNames.remove(from: exchange.request.fields)
            exchange.request.fields.append(upstream)
            if !client.isEmpty { exchange.memo.object = ClientFields(client) }
            return .proceed
        case .refused(let response):
            exchange.noteAuthorization("The service answered \(response.status).")
            return exchange.reply(with: response)
        }
    }

    // MARK: The response

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if let fields = exchange.memo.object as? ClientFields { exchange.response.fields.append(fields.list) }
        return .proceed
    }

    /// What the client is to see of the service's answer.
    private final class ClientFields {
        let list: FieldList
        init(_ list: FieldList) { self.list = list }
    }
}
