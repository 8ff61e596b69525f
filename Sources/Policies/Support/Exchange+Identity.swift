import GatewayCore
import Primitives
import Reactor

extension Exchange {
    /// Seconds since 1970, as credentials say when they end.
    var unixSeconds: Int { Int(truncatingIfNeeded: loop.wallClock / 1_000_000_000) }

    /// Notes who a request that is refused claims to be, whether anybody of that name exists or not: guesses of one name's secret are
    /// counted together, wherever they come from (`brute-force`).
    func noteClaim(_ name: ByteView) { claimedName = name.prefix(256).array }
}

extension Exchange {
    /// Who has proved who calls; nil for whom `anonymous` has let in, too.
    var provenPrincipal: Principal? { principal.flatMap { $0.method == Anonymous.id ? nil : $0 } }
}

extension Principal {
    /// - Parameter now: seconds since 1970.
    func counts(at now: Int) -> Bool { expires.map { now < $0 } ?? true }
}
