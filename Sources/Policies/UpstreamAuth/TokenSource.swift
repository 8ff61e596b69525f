import GatewayCore
import Reactor
import Synchronization

/// What an issuer has answered.
struct IssuedToken: Equatable, Sendable {
    let text: [UInt8]
    /// From the moment of the answer on.
    let lifetime: Nanoseconds
}

/// Why there is no token.
enum TokenFailure: Error, Equatable, Sendable {
    /// The issuer does not answer, or nonsense.
    case unavailable
    /// The issuer says no: to the client's token that was to be exchanged.
    case refused
}

/// One token of an issuer, shared by all loops: fetched once for all that wait for it.
final class TokenSource: Sendable {
    typealias Outcome = Result<[UInt8], TokenFailure>
    typealias Fetch = @Sendable () async -> Result<IssuedToken, TokenFailure>

    private struct State {
        var life = TokenLife()
        var waiters: [CheckedContinuation<Outcome, Never>] = []
        /// Why the last fetch failed.
        var failure = TokenFailure.unavailable
    }

    private let state = Mutex(State())
    private let fetch: Fetch
    private let share: UInt64
    private let clock: @Sendable () -> Instant

    /// - Parameters:
    ///   - share: of a token's life after which the next one is fetched, in percent.
    ///   - clock: the time that all loops share.
    init(refreshAfter share: Int, clock: @escaping @Sendable () -> Instant = { Instant.now }, _ fetch: @escaping Fetch) {
        self.share = UInt64(clamping: share)
        self.clock = clock
        self.fetch = fetch
    }

    /// The token, if there is one that needs no fetching, and until when that is so.
    var current: (text: [UInt8], until: Instant)? { state.withLock { $0.life.current(at: clock()) } }

    var isOver: Bool { state.withLock { $0.life.isOver(at: clock()) } }

    /// The token, fetched if that has to be.
    func token() async -> Outcome {
        switch ask() {
        case .use(let text): return .success(text)
        case .useAndFetch(let text):
            begin()
            return .success(text)
        case .fail: return .failure(state.withLock { $0.failure })
        case .fetch:
            begin()
            return await wait()
        case .wait: return await wait()
        }
    }

    private func ask() -> TokenLife.Answer { state.withLock { $0.life.ask(at: clock()) } }

    /// The fetch is nobody's own: who has asked first may leave.
    private func begin() {
        Task.detached { [self] in
            let result = await fetch()
            let now = clock()
            let (waiters, outcome) = state.withLock { state -> ([CheckedContinuation<Outcome, Never>], Outcome) in
                defer { state.waiters = [] }
                switch result {
                case .success(let token):
                    state.life.fetched(token.text, lifetime: token.lifetime, share: share, at: now)
                    return (state.waiters, .success(token.text))
                case .failure(let failure):
                    state.life.failed(at: now)
                    state.failure = failure
                    return (state.waiters, .failure(failure))
                }
            }
            for waiter in waiters { waiter.resume(returning: outcome) }
        }
    }

    private func wait() async -> Outcome {
        await withCheckedContinuation { continuation in
            let now = clock()
            let outcome: Outcome? = state.withLock { state in
                // The fetch may have ended meanwhile.
                if let current = state.life.current(at: now) { return .success(current.text) }
                switch state.life.peek(at: now) {
                case .wait:
                    state.waiters.append(continuation)
                    return nil
                case .use(let text), .useAndFetch(let text): return .success(text)
                case .fetch, .fail: return .failure(state.failure)
                }
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// The upstream does not accept this token any more.
    func rejected(_ text: [UInt8]) {
        let now = clock()
        state.withLock { _ = $0.life.rejected(text, at: now) }
    }
}

extension TokenLife {
    /// What `ask` would answer, without beginning anything.
    func peek(at now: Instant) -> Answer {
        var copy = self
        return copy.ask(at: now)
    }
}
