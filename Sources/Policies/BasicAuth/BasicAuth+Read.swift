import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor

extension BasicAuth {
    /// What can be said of a request without waiting.
    enum Reading {
        case decided(Verdict)
        case unknown(Attempt)
    }

    /// What has to be looked up and verified.
    struct Attempt: Sendable {
        let key: CredentialKey
        let user: [UInt8]
        let identity: IdentityKey
        let password: [UInt8]
    }

    func read(_ exchange: Exchange) -> Reading {
        var field: ByteView?
        var count = 0
        exchange.request.fields.forEach(named: ByteView("authorization")) { value in
            field = value
            count += 1
            return true
        }
        guard let field, count > 1 || BasicAuth.isBasic(field) else { return .decided(refuse(.credentialsMissing, exchange)) }
        let scratch = exchange.tools.scratch
        scratch.clear()
        // Of two fields the upstream might believe the other one.
        guard count == 1, let credentials = BasicCredentials.parse(field, into: scratch) else {
            return .decided(refuse(.credentialsInvalid, exchange, "The Authorization field is malformed."))
        }
        let user = scratch.view(credentials.user), password = scratch.view(credentials.password)
        guard let key = memory[exchange].key(user: user, password: password) else { return .decided(.refuse(.internalError)) }
        switch memory[exchange].verdict(of: key, now: exchange.loop.now) {
        case .accepted(let principal): return .decided(accept(principal, exchange, user: user))
        case .refused: return .decided(refuse(.credentialsInvalid, exchange, user: user))
        case nil: break
        }
        guard identities.hasPasswords else { return .decided(refuse(.credentialsInvalid, exchange, user: user)) }
        guard let identity = memory[exchange].key(user: user) else { return .decided(.refuse(.internalError)) }
        return .unknown(Attempt(key: key, user: user.array, identity: identity, password: password.array))
    }

    private static func isBasic(_ field: ByteView) -> Bool {
        field.prefix(5).equalsIgnoringCase("basic") && (field.count == 5 || field[5] == 0x20)
    }
}
