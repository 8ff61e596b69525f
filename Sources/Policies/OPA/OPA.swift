package import GatewayCore
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Asks the Open Policy Agent about each request, by its REST data API (`docs/guides/authorisation.md`).
package final class OPA: DecidingPolicy {
    package struct Config: Settings {
        @Setting("The rule that decides, in OPA's data API: `http://opa:8181/v1/data/httpapi/authz/allow`.")
        package var url: CalloutURL

        @Setting("Token that OPA asks for (`--authentication=token`).")
        package var token: SecretText?

        @Setting(
            """
            Shows OPA the request's body, up to so many bytes, as `input.parsed_body` where it is JSON; a longer one is refused. Left out: no body.
            """)
        package var body: ByteSize?

        @Setting("Fields of the request that OPA sees; `x-*` for all that begin so. Left out: all but those that belong to the connection.")
        package var requestHeaders: [String]?

        @Setting("Shows OPA what a verified token says, as `input.claims`.")
        package var claims: Bool = true

        @Setting("For the whole question.", .milliseconds(1) ... .seconds(60))
        package var timeout: Duration = .seconds(1)

        @Setting("What becomes of requests while OPA does not answer, or has an error.")
        package var onFailure: OnFailure = .refuse

        @Setting(
            "How long a decision is remembered for requests with the same `input`. Left out: OPA is asked about every request.",
            .milliseconds(1) ... .seconds(86_400))
        package var cache: Duration?

        @Setting("Decisions that an event loop remembers at most.", 2...1_000_000)
        package var cacheCapacity: Int = 10_000

        @Setting("TLS with OPA, beyond that its URL begins with `https`.")
        package var tls: CalloutTLSSettings?

        package static var about: String { "Asks the Open Policy Agent about each request." }
        package init() {}
    }

    package static let id = "opa"
    package static let example = """
        opa: { url: "http://opa.internal:8181/v1/data/httpapi/authz" }
        """
    package static let reasons: [Reason] = [.accessDenied, .authorizationUnavailable]
    package static var isGuard: Bool { true }

    private let service: DecisionService
    private let input: OPAInput
    package let mostBody: Int?
    private let onFailure: OnFailure
    private let memory: DecisionMemory<OPADecision>?

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        if let token = config.token, !token.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            throw PolicyError("a token is made of visible ASCII characters", at: config.$token.position, path: "token")
        }
        service = try DecisionService(config.url, timeout: config.timeout, tls: config.tls, context, headers: OPA.headers(config))
        let names = try config.requestHeaders.map { (names) throws(PolicyError) in
            try FieldNames(names, at: config.$requestHeaders.position, "requestHeaders")
        }
        input = OPAInput(names: names, showsClaims: config.claims)
        mostBody = config.body?.bytes
        onFailure = config.onFailure
        memory = try config.cache.map { (ttl) throws(PolicyError) in
            try DecisionMemory(key: .question, ttl: ttl, capacity: config.cacheCapacity, context)
        }
    }

    private static func headers(_ config: Config) -> FieldList {
        var headers: FieldList = [("content-type", "application/json"), ("accept", "application/json")]
        if let token = config.token { headers.append(("authorization", "Bearer \(token.text)")) }
        return headers
    }

    package func phases(on route: RouteFacts) -> PolicyPhases { mostBody == nil ? .request : [.request, .requestBody] }

    package func remembered(_ exchange: Exchange) -> Verdict? {
        guard let memory else { return nil }
        let question = input.bytes(exchange, body: nil)
        return memory.key(of: question, exchange).flatMap { memory.value(for: $0, exchange) }?.verdict(exchange)
    }

    package func ask(_ exchange: Exchange, body: [UInt8]?) async -> Verdict {
        let question = input.bytes(exchange, body: body)
        let key = memory?.key(of: question, exchange)
        if body != nil, let key, let known = memory?.value(for: key, exchange) { return known.verdict(exchange) }
        var callout = service.question
        callout.method = "POST"
        callout.body = question
        let decision: OPADecision
        switch await service.ask(callout, on: exchange.loop) {
        case .failure(let error): return exchange.decide(error, onFailure)
        case .success(let response):
            do throws(OPADecision.Problem) {
                decision = try OPADecision(response)
            } catch {
                return exchange.decide(GatewayError(.upstreamBadResponse, .upstream, error.text), onFailure)
            }
        }
        if let key { memory?.remember(decision, for: key, of: exchange) }
        return decision.verdict(exchange)
    }
}
