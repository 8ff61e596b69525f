import Identity
import Reactor

/// What a token has to wait for.
enum TokenNeed: Sendable {
    /// Keys that were never loaded.
    case keys(Refreshed<VerifyingKeys>)
    /// A key that is not in the set.
    case key(Refreshed<VerifyingKeys>)
    case revocations(Refreshed<RevocationList>)
    /// The consumer that one of these belongs to, out of the database.
    case consumer(VerifiedToken, [IdentityKey])

    /// What is said when it was waited for in vain; nil: nothing can be said.
    var refusal: TokenFlaw? {
        if case .key = self { .keyUnknown } else { nil }
    }

    func isSame(as other: TokenNeed) -> Bool {
        switch (self, other) {
        case (.keys, .keys), (.key, .key), (.revocations, .revocations), (.consumer, .consumer): true
        default: false
        }
    }

    func satisfy(on loop: EventLoop) async {
        switch self {
        case .keys(let document): await document.refresh(on: loop)
        case .key(let document): await document.refreshForMiss(on: loop)
        case .revocations(let document): await document.refresh(on: loop)
        // A database that did not answer is not asked twice.
        case .consumer: break
        }
    }
}
