import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Everything that a token has to pass, the same for all event loops.
struct TokenChecks: Sendable {
    enum Result: Sendable {
        case accepted(TokenGrant)
        case refused(TokenFlaw)
        case needs(TokenNeed)
    }

    let headers: ClaimHeaders
    private let issuers: [TokenIssuer]
    private let decryptionKeys: [DecryptionKey]
    private let mostBytes: Int
    private let revocations: Refreshed<RevocationList>?
    private let consumerClaim: String?
    private let requiresConsumer: Bool
    private let identities: IdentityDirectory
    /// All that is read from elsewhere.
    private let documents: [any RefreshedDocument]
    /// What the database says of consumers is believed so long, in seconds.
    private static let databaseLifetime = 60

    init(_ config: JWT.Config, _ context: PolicyContext, _ loader: TokenKeyLoader) throws(PolicyError) {
        headers = try ClaimHeaders(config.claimsToHeaders)
        let rules = TokenRules(config)
        var issuers: [TokenIssuer] = []
        var flaws: [PolicyError.Flaw] = []
        let single = TokenIssuerSource(config)
        var sources = config.issuers.enumerated().map { TokenIssuerSource($1, config, place: $0) }
        if sources.isEmpty || single.hasKeys || single.name != nil { sources.insert(single, at: 0) }
        for source in sources {
            do throws(PolicyError) { issuers.append(try source.issuer(rules, loader)) } catch { flaws += error.flaws }
        }
        let names = sources.compactMap(\.name)
        if sources.count > 1, names.count < sources.count || Set(names).count < names.count {
            flaws.append(PolicyError.Flaw("of several issuers each has a name of its own", at: config.$issuers.position, path: "issuers"))
        }
        var decryptionKeys: [DecryptionKey] = []
        for (i, settings) in config.decryptionKeys.enumerated() {
            do throws(KeyError) {
                decryptionKeys.append(try settings.decryptionKey())
            } catch {
                flaws.append(PolicyError.Flaw(error.message, at: settings.origin.position, path: "decryptionKeys[\(i)]"))
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        self.issuers = issuers
        self.decryptionKeys = decryptionKeys
        mostBytes = config.maximumSize.bytes
        revocations = try config.revocation.map { settings throws(PolicyError) in try loader.revocations(settings) }
        consumerClaim = config.consumerClaim
        requiresConsumer = config.requireConsumer
        if requiresConsumer, consumerClaim == nil {
            throw PolicyError(
                "nothing says which claim names the consumer", at: config.$requireConsumer.position, path: "requireConsumer",
                remedy: "such as `consumerClaim: sub`")
        }
        identities = context.identities
        documents = issuers.compactMap(\.keys.document) + (revocations.map { [$0] } ?? [])
    }

    // MARK: What is read from elsewhere

    /// Changes when what was accepted before might not be any more.
    var version: UInt64 { documents.reduce(0) { $0 &+ $1.version } }

    var figures: RefreshFigures {
        documents.reduce(into: RefreshFigures()) { sum, document in
            sum.loads += document.figures.loads
            sum.failures += document.figures.failures
        }
    }

    /// Whether one may go by what there is. What is due is loaded in the background.
    func areFresh(on loop: EventLoop) -> Bool {
        let now = loop.now
        var areFresh = true
        for document in documents where document.isDue(now: now) {
            if document.isStale(now: now) { areFresh = false } else { document.refreshLater(on: loop) }
        }
        return areFresh
    }

    func refresh(on loop: EventLoop) async {
        for document in documents where document.isStale(now: loop.now) { await document.refresh(on: loop) }
    }

    // MARK: Verifying

    /// - Parameter now: seconds since 1970.
    func verify(_ token: ByteView, now: Int, _ keys: IdentityKeyMaker) -> Result {
        do throws(TokenFlaw) {
            let read = try ReadToken(token, most: mostBytes, decryptionKeys)
            let issuer = try issuer(of: read)
            let verified: VerifiedToken
            switch read {
            case .claims(let header, let claims):
                verified = try TokenVerifier(issuer.rules, keys: VerifyingKeys([])).check(header, claims, now: now)
            case .signed(let token):
                guard let known = issuer.keys.current else { return issuer.keys.document.map { .needs(.keys($0)) } ?? .refused(.keyUnknown) }
                do throws(TokenFlaw) {
                    verified = try TokenVerifier(issuer.rules, keys: known).verify(token, now: now)
                } catch {
                    if error == .keyUnknown, let document = issuer.keys.document { return .needs(.key(document)) }
                    throw error
                }
            }
            if let revocations {
                guard let list = revocations.value else { return .needs(.revocations(revocations)) }
                if list.revokes(verified.claims) { throw .revoked }
            }
            return find(verified, try names(of: verified.claims, keys), now)
        } catch {
            return .refused(error)
        }
    }

    /// The one that the token names, which it may do before its signature is verified with that issuer's keys.
    private func issuer(of token: ReadToken) throws(TokenFlaw) -> TokenIssuer {
        if issuers.count == 1 { return issuers[0] }
        guard let name = try token.claims().text("iss") else { throw .claimMissing("iss") }
        guard let issuer = issuers.first(where: { $0.name?.isSame(as: name) == true }) else { throw .issuer }
        return issuer
    }

    // MARK: Consumers

    /// What the consumer may be known by: the claim of this issuer before that of any.
    private func names(of claims: JSONObject, _ keys: IdentityKeyMaker) throws(TokenFlaw) -> [IdentityKey] {
        guard let consumerClaim, let value = ClaimPath.find(consumerClaim, in: claims) else { return [] }
        guard let text = value.string ?? value.number?.text else { throw .claimType(consumerClaim) }
        return consumerClaim.withView { claim in
            text.withView { value in
                let ofIssuer = claims["iss"]?.string.flatMap { issuer in issuer.withView { keys.jwtClaim(claim, value: value, issuer: $0) } }
                return [ofIssuer, keys.jwtClaim(claim, value: value, issuer: nil)].compactMap { $0 }
            }
        }
    }

    private func find(_ token: VerifiedToken, _ names: [IdentityKey], _ now: Int) -> Result {
        for name in names {
            switch identities.findNow(name) {
            case .found(let record): return grant(token, record, now)
            case .some(.none): continue
            case .unavailable, nil: return .needs(.consumer(token, names))
            }
        }
        return grant(token, nil, now)
    }

    /// Asks the database.
    func ask(for token: VerifiedToken, _ names: [IdentityKey]) async -> Result {
        let now = Int(truncatingIfNeeded: Instant.wallClock / 1_000_000_000)
        for name in names {
            switch await identities.find(name) {
            case .found(let record): return grant(token, record, now)
            case .none: continue
            case .unavailable: return .needs(.consumer(token, names))
            }
        }
        return grant(token, nil, now)
    }

    private func grant(_ token: VerifiedToken, _ record: CredentialRecord?, _ now: Int) -> Result {
        if let record, !record.counts(at: now) { return .refused(.consumerUnknown) }
        if record == nil, requiresConsumer { return .refused(.consumerUnknown) }
        let claims = token.claims
        let subject = ["sub", "client_id", "azp"].lazy.compactMap { claims[$0]?.string }.first ?? ""
        let expires = [token.expires, record?.expires].compactMap { $0 }.min()
        let principal = Principal(
            method: JWT.id, subject: subject, consumer: record?.consumer, scopes: token.scopes, claims: .object(claims), expires: expires)
        let end = identities.store == nil || consumerClaim == nil ? expires ?? .max : min(expires ?? .max, now + TokenChecks.databaseLifetime)
        return .accepted(TokenGrant(principal, headers.values(of: claims), end: end))
    }
}

extension TokenRules {
    fileprivate init(_ config: JWT.Config) {
        self.init()
        types = config.types.map { $0.lowercased() }
        required = config.requiredClaims
        // Numbers and words can't be told apart in the configuration: either counts.
        values = config.claimValues.entries.map { entry in (entry.key, entry.value.texts.flatMap { JSON.readings(of: $0) }) }
        scopes = config.requiredScopes
        clockSkew = Int(config.clockSkew.components.seconds)
        requiresExpiry = config.requireExpiry
        mostAge = config.maximumAge.map { Int($0.components.seconds) }
    }
}

extension JSON {
    /// What a text of the configuration may mean as a claim.
    fileprivate static func readings(of text: String) -> [JSON] {
        guard let value = try? JSON.parse(text), value.number != nil || value.bool != nil else { return [.string(text)] }
        return [.string(text), value]
    }
}
