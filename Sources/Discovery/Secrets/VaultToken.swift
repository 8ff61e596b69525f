import Reactor

/// A token of Vault's, and what has to be done with it when.
struct VaultToken: Sendable, CustomStringConvertible, CustomReflectable {
    let text: String
    let isRenewable: Bool
    /// Two thirds of its life are over.
    let due: Instant
    let end: Instant
    private let life: Nanoseconds

    enum Step: Equatable {
        case use
        /// It still works; more time has to be asked for.
        case renew
        case logIn
    }

    /// - Parameter seconds: how long it lives; 0 for ever.
    init(_ text: String, seconds: Int, isRenewable: Bool, now: Instant) {
        self.text = text
        self.isRenewable = isRenewable
        life = Nanoseconds.seconds(min(seconds, 31_536_000))
        due = seconds > 0 ? now + life / 3 * 2 : .never
        end = seconds > 0 ? now + life : .never
    }

    func step(now: Instant) -> Step {
        if now >= end { return .logIn }
        if now < due { return .use }
        return isRenewable ? .renew : .logIn
    }

    /// Whether this one, which a renewal has given in the other's place, lives notably longer: near its longest life a token
    /// is renewed for what is left of it.
    func outlasts(_ old: VaultToken) -> Bool { end > old.end + old.life / 10 }

    var description: String { "token" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
