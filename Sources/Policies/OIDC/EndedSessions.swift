import Identity
import Synchronization

/// Logins that were ended from elsewhere, so that cookies that still hold them count no more. Bounded: the oldest are forgotten first, and
/// none is needed for longer than a session lasts.
final class EndedSessions: Sendable {
    private struct State {
        /// When it was noted, in seconds of the Unix clock; for a subject, sessions that began later count.
        var times: [String: Int] = [:]
    }

    private static let most = 100_000
    private let state = Mutex(State())
    /// Read without the lock: as long as nobody has logged out, which is so for most, nothing is looked up.
    private let isUsed = Atomic(false)

    /// One session, by its own id.
    func end(id: String, now: Int) { note("i\(id)", now) }

    /// A login at a provider; without `session`, all logins of the subject so far.
    func end(provider: String, subject: String?, session: String?, now: Int) {
        if let session {
            note(EndedSessions.key("s", provider, session), now)
        } else if let subject {
            note(EndedSessions.key("u", provider, subject), now)
        }
    }

    func contains(_ session: OIDCSession) -> Bool {
        guard isUsed.load(ordering: .acquiring) else { return false }
        let keys = [
            "i\(session.id)", session.providerSession.map { EndedSessions.key("s", session.provider, $0) },
        ].compactMap { $0 }
        let subject = EndedSessions.key("u", session.provider, session.subject)
        return state.withLock { state in
            keys.contains { state.times[$0] != nil } || state.times[subject].map { session.started <= $0 } ?? false
        }
    }

    private func note(_ key: String, _ now: Int) {
        state.withLock { state in
            if state.times.count >= EndedSessions.most, state.times[key] == nil {
                // A tenth at once, so that this is not done for each one.
                let oldest = state.times.sorted { $0.value < $1.value }.prefix(EndedSessions.most / 10)
                for (key, _) in oldest { state.times[key] = nil }
            }
            state.times[key] = now
        }
        isUsed.store(true, ordering: .releasing)
    }

    /// Names of providers have no NUL.
    private static func key(_ kind: String, _ provider: String, _ name: String) -> String { "\(kind)\(provider)\u{0}\(name)" }
}
