import Reactor

/// A token that is fetched from an issuer, and what becomes of it: it is fetched ahead of its end, by one at a time, and when the issuer
/// fails, ever more seldom.
struct TokenLife: Sendable {
    enum Answer: Equatable, Sendable {
        case use([UInt8])
        /// The token is still good, and whoever gets this answer fetches the next one meanwhile.
        case useAndFetch([UInt8])
        /// Whoever gets this answer fetches one.
        case fetch
        /// Somebody fetches one.
        case wait
        /// The issuer has failed; nothing is asked of it before so much time has passed.
        case fail(retryAfter: Nanoseconds)
    }

    private struct Token: Sendable {
        let text: [UInt8]
        /// From then on the next one is fetched.
        let refresh: Instant
        let end: Instant
        let fetched: Instant
    }

    private var token: Token?
    private var isFetching = false
    private var failures = 0
    private var retry = Instant(nanoseconds: 0)

    private static let shortestPause: Nanoseconds = .seconds(1)
    private static let longestPause: Nanoseconds = .seconds(60)
    /// An upstream that accepts no token at all must not make the gateway fetch one for each request.
    private static let shortestUse: Nanoseconds = .seconds(10)

    init() {}

    /// Nobody uses or fetches it.
    func isOver(at now: Instant) -> Bool { !isFetching && (token.map { $0.end <= now } ?? true) && retry <= now }

    /// The token while the next one need not be fetched yet, and until when that is so.
    func current(at now: Instant) -> (text: [UInt8], until: Instant)? {
        guard let token, now < token.refresh else { return nil }
        return (token.text, token.refresh)
    }

    mutating func ask(at now: Instant) -> Answer {
        if let token, now < token.end {
            guard now >= token.refresh, !isFetching, now >= retry else { return .use(token.text) }
            isFetching = true
            return .useAndFetch(token.text)
        }
        if isFetching { return .wait }
        guard now >= retry else { return .fail(retryAfter: retry - now) }
        isFetching = true
        return .fetch
    }

    /// - Parameters:
    ///   - lifetime: of the token, from now on.
    ///   - share: of its life after which the next one is fetched, in percent.
    mutating func fetched(_ text: [UInt8], lifetime: Nanoseconds, share: UInt64, at now: Instant) {
        isFetching = false
        failures = 0
        retry = Instant(nanoseconds: 0)
        token = Token(text: text, refresh: now + lifetime / 100 * min(100, share), end: now + lifetime, fetched: now)
    }

    mutating func failed(at now: Instant) {
        isFetching = false
        failures = min(failures + 1, 16)
        retry = now + min(TokenLife.longestPause, TokenLife.shortestPause << UInt64(failures - 1))
    }

    /// The upstream does not accept this token any more. False: it is another one now, or too young to be given up.
    @discardableResult
    mutating func rejected(_ text: [UInt8], at now: Instant) -> Bool {
        guard let token, token.text == text, now >= token.fetched + TokenLife.shortestUse else { return false }
        self.token = nil
        return true
    }
}
