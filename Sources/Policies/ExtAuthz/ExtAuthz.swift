package import GatewayCore
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Asks a service of Envoy's external authorization API (`envoy.service.auth.v3.Authorization`) about each request, by gRPC
/// (`docs/guides/authorisation.md`).
package final class ExtAuthz: DecidingPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("Scheme, host and port of the service: `http` speaks HTTP/2 in plain text, `https` HTTP/2 over TLS.")
        package var url: CalloutURL

        @Setting("Fields of the request that the service sees; `x-*` for all that begin so. Left out: all but those that belong to the connection.")
        package var requestHeaders: [String]?

        @Setting("Sends the request's body, too. Left out: no body is sent.")
        package var body: Body?

        @Setting("What the service is told beside the request: `context_extensions`.")
        package var context: OrderedMap<String> = [:]

        @Setting("Metadata of the call: field name to value.")
        package var metadata: OrderedMap<String> = [:]

        @Setting("For the whole call; the service learns it as `grpc-timeout`.", .milliseconds(1) ... .seconds(60))
        package var timeout: Duration = .seconds(1)

        @Setting("What becomes of requests while the service does not answer, or the call fails.")
        package var onFailure: OnFailure = .refuse

        @Setting("Remembers answers. Left out: every request is asked about.")
        package var cache: DecisionCacheSettings?

        @Setting("TLS with the service, beyond that its URL begins with `https`.")
        package var tls: CalloutTLSSettings?

        package static var about: String { "Asks a service of Envoy's external authorization API about each request, by gRPC." }
        package init() {}
    }

    package struct Body: Settings {
        @Setting("Bytes at most; a longer body is refused.")
        package var most: ByteSize = .kibibytes(8)

        @Setting("Sends it as `raw_body`, for bodies that are no text.")
        package var asBytes: Bool = false

        package init() {}
    }

    package static let id = "ext-authz"
    package static let example = """
        ext-authz: { url: "http://authz.internal:9191" }
        """
    package static let reasons: [Reason] = [.accessDenied, .authorizationUnavailable]
    package static var isGuard: Bool { true }

    private let service: DecisionService
    private let request: CheckRequest
    package let mostBody: Int?
    private let onFailure: OnFailure
    private let memory: DecisionMemory<CheckResponse>?

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard config.url.target == "/" else {
            throw PolicyError("the call has a path of its own", at: config.$url.position, path: "url", remedy: "scheme, host and port are enough")
        }
        for entry in config.metadata.entries {
            try FieldTemplate.check(entry.key, Array(entry.key.lowercased().utf8), entry.position, "metadata.\(entry.key)")
            guard entry.value.utf8.allSatisfy(ASCII.isFieldValue) else {
                throw PolicyError("a field's value holds no line breaks and no control characters", at: entry.position, path: "metadata.\(entry.key)")
            }
        }
        service = try DecisionService(
            config.url, timeout: config.timeout, tls: config.tls, version: .http2, context,
            headers: config.metadata.entries.map { ($0.key.lowercased(), $0.value) })
        let names = try config.requestHeaders.map { (names) throws(PolicyError) in
            try FieldNames(names, at: config.$requestHeaders.position, "requestHeaders")
        }
        request = CheckRequest(
            names: names, extensions: config.context.entries.map { ($0.key, $0.value) }, packsAsBytes: config.body?.asBytes ?? false)
        mostBody = config.body?.most.bytes
        onFailure = config.onFailure
        memory = try DecisionMemory.make(config.cache, dependsOnBody: config.body != nil, context)
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        mostBody == nil ? [.request, .response] : [.request, .requestBody, .response]
    }

    // MARK: The request

    package func remembered(_ exchange: Exchange) -> Verdict? {
        memory?.value(for: exchange).map { follow($0, exchange) }
    }

    package func ask(_ exchange: Exchange, body: [UInt8]?) async -> Verdict {
        let key = memory?.key(of: exchange)
        var callout = service.question
        CheckCall.fill(&callout, request.bytes(exchange, body: body))
        switch await service.ask(callout, on: exchange.loop).flatMap(CheckCall.read) {
        case .failure(let error): return exchange.decide(error, onFailure)
        case .success(let answer) where answer.code != 0 && answer.isError:
            return exchange.decide(GatewayError(.upstreamBadResponse, .upstream, "The service could not decide."), onFailure)
        case .success(let answer):
            if let key { memory?.remember(answer, for: key, of: exchange) }
            return follow(answer, exchange)
        }
    }

    private func follow(_ answer: CheckResponse, _ exchange: Exchange) -> Verdict {
        guard answer.code == 0 else { return deny(answer.denied, exchange) }
        let fields = exchange.request.fields
        for name in answer.ok.removed where name != "host" { name.withView { fields.remove(named: $0) } }
        for edit in answer.ok.headers { edit.apply(to: fields) }
        if !answer.ok.responseHeaders.isEmpty { exchange.memo.object = ClientFields(answer.ok.responseHeaders) }
        return .proceed
    }

    private func deny(_ answer: CheckResponse.Denied, _ exchange: Exchange) -> Verdict {
        exchange.noteAuthorization("The service has refused the request.")
        for edit in answer.headers { edit.apply(to: exchange.response.fields) }
        guard !answer.body.isEmpty, exchange.call == .none else {
            return .refuse(GatewayError(.accessDenied, status: answer.status, "This request is not allowed."))
        }
        exchange.response.status = answer.status
        exchange.takeReplyBody().append(text: answer.body)
        return .reply
    }

    // MARK: The response

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if let fields = exchange.memo.object as? ClientFields { for edit in fields.edits { edit.apply(to: exchange.response.fields) } }
        return .proceed
    }

    /// What the service wants of the response that the client gets.
    private final class ClientFields {
        let edits: [FieldEdit]
        init(_ edits: [FieldEdit]) { self.edits = edits }
    }
}
