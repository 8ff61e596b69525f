internal import Identity
import Primitives
import Reactor

/// Limits of rate on a server that gateways share (`LimitScript`).
final class RedisLimiter: Limiter {
    /// A longer key is known by its hash: what clients send does not decide how much memory the server needs.
    private static let longestKey = 200
    /// More than any window has.
    private static let mostCost = 1 << 40

    let specification: LimiterSpecification
    private let store: RedisStore
    private let script: RedisScript
    /// `limit:ALGORITHM:NAME:`
    private let prefix: [UInt8]
    /// What the script is told of the windows, five numbers each.
    private let windows: [Int]

    private static let gcra = RedisScript(LimitScript.text(.gcra))
    private static let sliding = RedisScript(LimitScript.text(.sliding))
    private static let fixed = RedisScript(LimitScript.text(.fixed))

    private enum Mode {
        static let take: StaticString = "take"
        static let all: StaticString = "all"
        static let peek: StaticString = "peek"
        static let settle: StaticString = "settle"
        static let report: StaticString = "report"
    }

    init(_ specification: LimiterSpecification, _ store: RedisStore) {
        self.specification = specification
        self.store = store
        prefix = Array("limit:\(specification.algorithm.rawValue):\(specification.name):".utf8)
        script =
            switch specification.algorithm {
            case .gcra: RedisLimiter.gcra
            case .sliding: RedisLimiter.sliding
            case .fixed: RedisLimiter.fixed
            }
        windows = specification.windows.flatMap { window -> [Int] in
            let period = Int(clamping: max(1, window.period / 1000 + (window.period % 1000 > 0 ? 1 : 0)))
            let limit = max(1, window.limit)
            let common = RedisLimiter.greatestCommonDivisor(limit, period)
            return [window.limit, period, window.burst, limit / common, period / common]
        }
    }

    var figures: LimiterFigures? { nil }

    /// Only the server can say, unless there is nothing to say.
    func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? {
        guard windows.isEmpty else { return nil }
        return RateDecision(allowed: true, window: 0, remaining: .max, reset: 0, retryAfter: 0, refusing: 0)
    }

    func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await decide(specification.countsRefused ? Mode.all : Mode.take, key, max(0, cost), on: loop)
    }

    func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await decide(Mode.peek, key, max(0, cost), on: loop)
    }

    func settle(_ key: ByteView, cost: Int, on loop: EventLoop) {
        guard !windows.isEmpty, cost != 0 else { return }
        store.call(script, [name(key.array)], arguments: 3 + windows.count, on: loop) { write(Mode.settle, cost, &$0) }
    }

    func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError> {
        guard !windows.isEmpty else { return .success([]) }
        let windows = specification.windows
        return await store.run(script, [name(key)], arguments: 3 + self.windows.count, isRepeatable: true, on: loop) {
            write(Mode.report, 0, &$0)
        } read: { reply in
            var elements = reply.elements
            var reports: [WindowReport] = []
            for window in windows {
                guard let remaining = elements.nextInteger(), let reset = elements.nextInteger() else { return nil }
                reports.append(WindowReport(window: window, remaining: remaining, reset: RedisLimiter.time(reset)))
            }
            return reports
        }
    }

    func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        await store.ask(name(key), isRepeatable: true, on: loop) { command, name in
            command.begin("DEL", arguments: 1)
            command.append(key: name)
        } read: { _ in
            ()
        }
    }

    private func decide(_ mode: StaticString, _ key: [UInt8], _ cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        if let decision = takeNow(ByteView(), cost: cost, now: loop.now, wall: 0) { return .success(decision) }
        return await store.run(script, [name(key)], arguments: 3 + windows.count, isRepeatable: cost == 0, on: loop) {
            write(mode, cost, &$0)
        } read: {
            RedisLimiter.decision($0)
        }
    }

    private func write(_ mode: StaticString, _ cost: Int, _ command: inout RedisCommand) {
        command.append(mode)
        command.append(min(max(cost, -RedisLimiter.mostCost), RedisLimiter.mostCost))
        store.appendTime(to: &command)
        for number in windows { command.append(number) }
    }

    /// The key in braces: a cluster goes by it alone, so all limits of a client are on one node.
    private func name(_ key: [UInt8]) -> [UInt8] {
        var key = key
        if key.count > RedisLimiter.longestKey {
            // Without libcrypto nothing works; then the key is what it is.
            do throws(CryptoError) { key = Array(Base64URL.encode(try Digest.sha256(key)).utf8) } catch {}
        }
        return prefix + [UInt8(ascii: "{")] + key + [UInt8(ascii: "}")]
    }

    private static func decision(_ reply: RedisReply) -> RateDecision? {
        var elements = reply.elements
        guard let allowed = elements.nextInteger(), let window = elements.nextInteger(), let remaining = elements.nextInteger(),
            let reset = elements.nextInteger(), let retry = elements.nextInteger(), let refusing = elements.nextInteger()
        else { return nil }
        return RateDecision(
            allowed: allowed == 1, window: window, remaining: remaining, reset: time(reset), retryAfter: retry < 0 ? RateDecision.never : time(retry),
            refusing: UInt32(truncatingIfNeeded: refusing))
    }

    private static func time(_ microseconds: Int) -> Nanoseconds {
        let (time, overflow) = UInt64(max(0, microseconds)).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : time
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return max(1, a)
    }
}
