import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor

extension BasicAuth {
    /// What can be said of a request without waiting.
    enum Reading {
        case decided(Verdict)
        case unknown(BasicAccounts.Attempt)
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
        case .accepted(let index): return .decided(accept(Int(index), exchange))
        case .refused: return .decided(refuse(.credentialsInvalid, exchange))
        case nil: break
        }
        let name = { self.memory[exchange].key(user: user, password: ByteView()) }
        guard let attempt = accounts.attempt(user: user, password: password, key: key, name: name) else {
            return .decided(refuse(.credentialsInvalid, exchange))
        }
        return .unknown(attempt)
    }

    private static func isBasic(_ field: ByteView) -> Bool {
        field.prefix(5).equalsIgnoringCase("basic") && (field.count == 5 || field[5] == 0x20)
    }
}
