import Reactor
import Synchronization

/// Sees to it that the tokens of a session are refreshed once, however many of its requests come at the same time. A provider that replaces
/// refresh tokens would take a second use for theft, and end the session.
///
/// Browsers go on sending the old cookie until they have seen the answer with the new one, so the result is kept for a minute.
final class RefreshFlights: Sendable {
    enum Outcome: Sendable, Equatable {
        case refreshed(OIDCSession)
        /// The provider says that the session is over.
        case ended
        /// It could not be asked.
        case failed
    }

    fileprivate enum Flight {
        case underWay([CheckedContinuation<Outcome, Never>])
        case landed(Outcome, until: Instant)
    }

    /// What a request does that needs new tokens.
    enum Role {
        /// It refreshes, and says `land` when that is done.
        case leads
        /// Somebody does already.
        case waits
        case knows(Outcome)
    }

    private static let most = 100_000
    private let flights = Mutex<[String: Flight]>([:])

    /// - Parameter key: of the session and its refresh token.
    func role(_ key: String, now: Instant) -> Role {
        flights.withLock { flights in
            switch flights[key] {
            case .underWay: return .waits
            case .landed(let outcome, let until) where until > now: return .knows(outcome)
            default: break
            }
            if flights.count >= RefreshFlights.most { flights = flights.filter { $0.value.isNeeded(now) } }
            flights[key] = .underWay([])
            return .leads
        }
    }

    /// What comes of the refresh that is under way.
    func result(_ key: String) async -> Outcome {
        await withCheckedContinuation { continuation in
            let known: Outcome? = flights.withLock { flights in
                switch flights[key] {
                case .underWay(let waiting):
                    flights[key] = .underWay(waiting + [continuation])
                    return nil
                case .landed(let outcome, _): return outcome
                case nil: return .failed
                }
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func land(_ key: String, _ outcome: Outcome, now: Instant) {
        // A failure says nothing about the next try, which may come soon, but not with each request.
        let kept: Nanoseconds = outcome == .failed ? .seconds(1) : .seconds(60)
        let waiting: [CheckedContinuation<Outcome, Never>] = flights.withLock { flights in
            let before = flights.updateValue(.landed(outcome, until: now + kept), forKey: key)
            if case .underWay(let waiting) = before { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }
}

extension RefreshFlights.Flight {
    fileprivate func isNeeded(_ now: Instant) -> Bool {
        switch self {
        case .underWay: true
        case .landed(_, let until): until > now
        }
    }
}
