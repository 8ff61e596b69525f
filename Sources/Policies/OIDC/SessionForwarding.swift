import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// A session with what is made of it once, rather than for each request.
final class KnownSession: Sendable {
    let session: OIDCSession
    let principal: Principal

    init(_ session: OIDCSession, _ principal: Principal) {
        self.session = session
        self.principal = principal
    }
}

/// Sessions that an event loop has opened before, by what the cookies say. When there are too many, all are forgotten: opening one again
/// takes some microseconds.
struct SessionMemory {
    private static let most = 2048
    private var sessions: [String: KnownSession] = [:]

    func known(_ text: String) -> KnownSession? { sessions[text] }

    mutating func remember(_ known: KnownSession, as text: String) {
        if sessions.count >= SessionMemory.most { sessions.removeAll() }
        sessions[text] = known
    }
}

/// What the upstream and later policies learn of a session.
struct SessionForwarding: Sendable {
    private let fields: [(name: [UInt8], known: KnownField, claim: String)]
    private let token: ForwardedToken
    private let hidesCookies: Bool
    private let consumerClaim: String?
    private let identities: IdentityDirectory

    init(_ config: OIDC.Config, _ context: PolicyContext) throws(PolicyError) {
        var fields: [(name: [UInt8], known: KnownField, claim: String)] = []
        for entry in config.headers.entries {
            let name = Array(entry.key.lowercased().utf8)
            try FieldTemplate.check(entry.key, name, entry.position, "headers.\(entry.key)")
            fields.append((name, name.withView { KnownField.named($0) }, entry.value))
        }
        self.fields = fields
        token = config.forwardToken
        hidesCookies = config.hideCredentials
        consumerClaim = config.consumerClaim
        identities = context.identities
    }

    func principal(_ session: OIDCSession) -> Principal {
        Principal(method: OIDC.id, subject: session.subject, consumer: consumer(session), claims: .object(session.claims))
    }

    /// The consumer of the configuration that has the claim as a credential.
    private func consumer(_ session: OIDCSession) -> Consumer? {
        guard let consumerClaim, let text = session.claims[consumerClaim]?.string, let keys = try? IdentityKeyMaker() else { return nil }
        let now = Int(clamping: Instant.wallClock / 1_000_000_000)
        let name = consumerClaim.withView { claim in text.withView { keys.jwtClaim(claim, value: $0, issuer: nil) } }
        guard case .found(let record)? = name.flatMap({ identities.findNow($0) }), record.counts(at: now) else { return nil }
        return record.consumer
    }

    /// Nobody but this policy writes these fields.
    func clean(_ exchange: Exchange) {
        for field in fields { field.name.withView { exchange.request.fields.remove(named: $0) } }
        if token != .none { exchange.request.fields.remove(.authorization) }
    }

    func write(_ session: OIDCSession, _ cookies: SessionCookies, _ exchange: Exchange) {
        let request = exchange.request.fields
        if hidesCookies { cookies.strip(request, scratch: exchange.tools.scratch) }
        for field in fields {
            guard let text = session.claims[field.claim].flatMap(SessionForwarding.text) else { continue }
            field.name.withView { name in text.withView { request.append(field.known, name: name, $0) } }
        }
        switch token {
        case .none: break
        case .access: request.append("authorization", "Bearer \(session.accessToken)")
        case .id: request.append("authorization", "Bearer \(session.idToken)")
        }
    }

    /// A claim as the value of a field: lists with commas. Nil where a field can't hold it.
    private static func text(_ claim: JSON) -> String? {
        let text: String
        switch claim {
        case .string(let value): text = value
        case .array(let values): text = values.compactMap(\.string).joined(separator: ",")
        case .number, .bool, .object: text = String(decoding: claim.bytes, as: UTF8.self)
        case .null: return nil
        }
        return text.utf8.allSatisfy(ASCII.isFieldValue) ? text : nil
    }
}
