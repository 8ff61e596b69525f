import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// What an upstream wants, with all prepared that does not depend on the exchange.
enum UpstreamCredential: Sendable {
    case field(name: [UInt8], value: [UInt8])
    case token(name: [UInt8], TokenSource, HeldToken)
    case exchanged(name: [UInt8], from: [UInt8], TokenExchange)
    case signed(name: [UInt8], SelfSignedTokens)
    case sigV4(SigV4Maker)

    init(_ config: UpstreamAuth.Config, _ context: PolicyContext) throws(PolicyError) {
        let given: [Bool] = [
            config.header != nil, config.basic != nil, config.oauth2 != nil, config.exchange != nil, config.jwt != nil, config.sigv4 != nil,
        ]
        guard given.count(where: { $0 }) == 1 else {
            throw PolicyError("exactly one of `header`, `basic`, `oauth2`, `exchange`, `jwt` and `sigv4` is needed")
        }
        if let header = config.header {
            let value = Array(header.value.text.utf8)
            guard !value.isEmpty, value.allSatisfy(ASCII.isFieldValue) else {
                throw PolicyError("a field's value is visible text in one line", at: header.$value.position, path: "header.value")
            }
            self = .field(name: try UpstreamCredential.name(header.$name, "header.name"), value: value)
        } else if let basic = config.basic {
            self = .field(name: Array("authorization".utf8), value: try UpstreamCredential.basic(basic))
        } else if let oauth2 = config.oauth2 {
            self = .token(
                name: try UpstreamCredential.name(oauth2.$header, "oauth2.header"), try UpstreamCredential.source(oauth2.issuer, context),
                HeldToken(loops: context.loops))
        } else if let exchange = config.exchange {
            self = try UpstreamCredential.exchanged(exchange, context)
        } else if let jwt = config.jwt {
            self = .signed(name: try UpstreamCredential.name(jwt.$header, "jwt.header"), try SelfSignedTokens(jwt, context))
        } else if let sigv4 = config.sigv4 {
            self = .sigV4(SigV4Maker(sigv4))
        } else {
            throw PolicyError("there are no credentials")
        }
    }

    static func bearer(_ token: [UInt8]) -> [UInt8] { Array("Bearer ".utf8) + token }

    private static func name(_ setting: Setting<String>, _ path: String) throws(PolicyError) -> [UInt8] {
        let name = Array(setting.wrappedValue.lowercased().utf8)
        try FieldTemplate.check(setting.wrappedValue, name, setting.position, path)
        return name
    }

    private static func basic(_ config: UpstreamAuth.BasicCredential) throws(PolicyError) -> [UInt8] {
        guard !config.username.contains(":") else {
            throw PolicyError("a user name holds no colon", at: config.$username.position, path: "basic.username")
        }
        let plain = ByteBuffer(), out = ByteBuffer()
        plain.append(text: "\(config.username):\(config.password.text)")
        out.append("Basic ")
        Base64.encode(plain.view, into: out)
        return out.view.array
    }

    // MARK: Issuers

    private static func source(_ issuer: UpstreamAuth.Issuer, _ context: PolicyContext) throws(PolicyError) -> TokenSource {
        let request = try TokenRequest(issuer, "oauth2.issuer"), callouts = context.callouts
        return TokenSource(refreshAfter: Int(issuer.refreshAfter.fraction * 100)) {
            guard let callout = request.callout([("grant_type", "client_credentials")], now: UpstreamCredential.now) else {
                return .failure(.unavailable)
            }
            let result = request.read(await callouts.send(callout, on: nil))
            // Nobody else's token is at fault.
            return result.mapError { _ in .unavailable }
        }
    }

    private static func exchanged(_ config: UpstreamAuth.ExchangedToken, _ context: PolicyContext) throws(PolicyError) -> UpstreamCredential {
        let request = try TokenRequest(config.issuer, "exchange.issuer"), callouts = context.callouts
        let share = Int(config.issuer.refreshAfter.fraction * 100), type = config.subjectTokenType, wanted = config.requestedTokenType
        let tokens = TokenExchange(most: config.remembered) { token in
            TokenSource(refreshAfter: share) {
                var grant: [(name: String, value: String)] = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token), ("subject_token_type", type),
                ]
                if let wanted { grant.append(("requested_token_type", wanted)) }
                guard let callout = request.callout(grant, now: UpstreamCredential.now) else { return .failure(.unavailable) }
                return request.read(await callouts.send(callout, on: nil))
            }
        }
        return .exchanged(name: try name(config.$header, "exchange.header"), from: try name(config.$from, "exchange.from"), tokens)
    }

    private static var now: Int { Int(truncatingIfNeeded: Instant.wallClock / 1_000_000_000) }
}

/// What each loop holds of a token, so that the one that all share is asked for seldom.
final class HeldToken: Sendable {
    private let held: LoopLocal<(text: [UInt8], until: Instant)?>

    init(loops: Int) { held = LoopLocal(loops: loops) { nil } }

    /// How long a loop goes by its own, after the upstream has rejected it elsewhere.
    private static let longest: Nanoseconds = .seconds(1)

    /// Nil: it has to be fetched, or the next one.
    func token(of source: TokenSource, _ exchange: Exchange) -> [UInt8]? {
        let now = Instant.now
        if let known = held[exchange], known.until > now { return known.text }
        guard let current = source.current else { return nil }
        held[exchange] = (current.text, min(current.until, now + HeldToken.longest))
        return current.text
    }
}
