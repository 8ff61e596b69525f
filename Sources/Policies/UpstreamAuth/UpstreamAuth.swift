package import GatewayCore
import Identity
package import PolicyKit
package import Primitives
import Reactor
import Schema

/// Gives requests the credentials that their upstream wants, in place of the client's.
package final class UpstreamAuth: Policy, AsyncRequestPolicy, RequestBodyPolicy, ResponsePolicy {
    package static let id = "upstream-auth"
    package static let example = """
        upstream-auth: { header: { name: x-api-key, value: catalog-key } }
        """
    package static let reasons: [Reason] = [.upstreamCredentialsUnavailable, .tokenExchangeRefused, .requestTooLarge]

    private let credential: UpstreamCredential
    private let stripped: [[UInt8]]

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        credential = try UpstreamCredential(config, context)
        stripped = config.keepClientCredentials ? [] : config.strip.map { Array($0.lowercased().utf8) }
        for name in config.strip { try FieldTemplate.check(name, Array(name.lowercased().utf8), config.$strip.position, "strip") }
    }

    package static func needs(_ config: Config) -> [Fact] { config.jwt?.facts.sorted { $0.description < $1.description } ?? [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { route.forwards ? .all : [] }

    // MARK: The request

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch credential {
        case .field(let name, let value):
            strip(exchange)
            put(value, into: name, exchange)
            return .proceed
        case .token(let name, let source, let held):
            guard let token = held.token(of: source, exchange) else { return nil }
            strip(exchange)
            return use(token, source, name, exchange)
        case .exchanged(let name, let from, let tokens):
            guard let client = bearer(from, exchange), let source = tokens.source(for: client) else {
                return .refuse(.tokenExchangeRefused, "The upstream needs a token that the client's is exchanged for, and there is none.")
            }
            guard let current = source.current else { return nil }
            strip(exchange)
            return use(current.text, source, name, exchange)
        case .signed(let name, let tokens):
            guard let token = tokens.token(exchange) else { return .refuse(.internalError) }
            strip(exchange)
            put(UpstreamCredential.bearer(token), into: name, exchange)
            return .proceed
        case .sigV4(let maker):
            strip(exchange)
            if maker.isUnsigned || !exchange.request.framing.hasBody {
                exchange.seals.append(SigV4Seal(maker, maker.isUnsigned ? .unsigned : .empty))
            }
            return .proceed
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        switch credential {
        case .token(let name, let source, _): return await fetch(source, name, exchange)
        case .exchanged(let name, let from, let tokens):
            guard let client = bearer(from, exchange), let source = tokens.source(for: client) else { return .refuse(.tokenExchangeRefused) }
            return await fetch(source, name, exchange)
        case .field, .signed, .sigV4: return verdict(exchange) ?? .proceed
        }
    }

    private func fetch(_ source: TokenSource, _ name: [UInt8], _ exchange: Exchange) async -> Verdict {
        switch await source.token() {
        case .success(let token):
            strip(exchange)
            return use(token, source, name, exchange)
        case .failure(.refused): return .refuse(.tokenExchangeRefused)
        case .failure(.unavailable):
            return .refuse(GatewayError(.upstreamCredentialsUnavailable, .gateway, "There is no token for the upstream at the moment."))
        }
    }

    // MARK: The body

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard case .sigV4(let maker) = credential, !maker.isUnsigned, exchange.request.framing.hasBody else { return .none }
        return .whole(most: maker.mostBody)
    }

    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
        guard case .sigV4(let maker) = credential, let digest = try? Digest.compute(.sha256, body.view) else { return .refuse(.internalError) }
        exchange.seals.append(SigV4Seal(maker, .digest(digest)))
        return .proceed
    }

    // MARK: The response

    /// An upstream that does not accept a token gets another one with the next request.
    package func onResponse(_ exchange: Exchange) -> Verdict {
        guard exchange.error == nil, exchange.response.status == 401, let used = exchange.memo.object as? UsedToken else { return .proceed }
        used.source.rejected(used.text)
        return .proceed
    }

    private final class UsedToken {
        let source: TokenSource
        let text: [UInt8]

        init(_ source: TokenSource, _ text: [UInt8]) {
            self.source = source
            self.text = text
        }
    }

    // MARK: Fields

    private func use(_ token: [UInt8], _ source: TokenSource, _ name: [UInt8], _ exchange: Exchange) -> Verdict {
        exchange.memo.object = UsedToken(source, token)
        put(UpstreamCredential.bearer(token), into: name, exchange)
        return .proceed
    }

    private func strip(_ exchange: Exchange) {
        for name in stripped { name.withView { exchange.request.fields.remove(named: $0) } }
    }

    private func put(_ value: [UInt8], into name: [UInt8], _ exchange: Exchange) {
        name.withView { name in
            exchange.request.fields.remove(named: name)
            value.withView { exchange.request.fields.append(KnownField.named(name), name: name, $0) }
        }
    }

    /// The client's token (RFC 6750 §2.1); nil for none, several, or what is no token.
    private func bearer(_ name: [UInt8], _ exchange: Exchange) -> [UInt8]? {
        var found: [UInt8]?
        var count = 0
        name.withView { name in
            exchange.request.fields.forEach(named: name) { value in
                count += 1
                if value.count > 7, value.prefix(7).equalsIgnoringCase("bearer ") { found = value.dropFirst(7).trimmed.array }
                return true
            }
        }
        return count == 1 ? found.flatMap { $0.isEmpty ? nil : $0 } : nil
    }
}

extension Reason {
    static let upstreamCredentialsUnavailable = Reason(
        "upstream_credentials_unavailable", 503, "There are no credentials for the upstream", "proxy_internal_error")
    static let tokenExchangeRefused = Reason("token_exchange_refused", 403, "The client's token is not accepted for the upstream")
}
