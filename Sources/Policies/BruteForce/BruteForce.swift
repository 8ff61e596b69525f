package import GatewayCore
import Model
package import PolicyKit
package import Primitives
import Reactor
package import Schema
import SharedState

/// Slows down and bans whoever keeps trying wrong credentials (`docs/guides/consumers.md`). Stands before the policies that authenticate,
/// and sees their refusals.
package final class BruteForce: Policy, RequestPolicy, AsyncResponsePolicy, ReportingPolicy {
    package struct Config: Settings {
        @Setting("The failed attempt of a source, within `window`, that begins a ban.", 1...1000)
        package var attempts: Int = 10

        @Setting("How long a failed attempt counts.", .seconds(1) ... .seconds(86_400))
        package var window: Duration = .seconds(600)

        @Setting("The first ban of a source. Each one that comes soon after another is twice as long. `0s` bans nobody.", .zero ... .seconds(86_400))
        package var ban: Duration = .seconds(60)

        @Setting("The longest ban.", .zero ... .seconds(31_536_000))
        package var longestBan: Duration = .seconds(86_400)

        @Setting(
            "How long the answer to the second failed attempt waits; each further one waits twice as long. `0s` lets no answer wait.",
            .zero ... .seconds(60))
        package var delay: Duration = .milliseconds(250)

        @Setting("The longest wait of an answer.", .zero ... .seconds(60))
        package var longestDelay: Duration = .seconds(4)

        @Setting("Answers that wait on each event loop at a time; others do not wait.", 0...1_000_000)
        package var waiting: Int = 1000

        @Setting(
            """
            Counts failed attempts by the user name or key id that they name, too, wherever they come from. That lets answers to failed attempts \
            wait, and never keeps out who has the right credentials.
            """)
        package var names: Bool = true

        @Setting("Statuses of upstreams that are failed attempts as well, such as 401 of a page to log in.")
        package var upstream: [StatusRange] = []

        @Setting("Networks whose failed attempts do not count.")
        package var exempt: [CIDR] = []

        @Setting("Bits of an IPv4 address that tell sources apart.", 8...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell sources apart: most hold a network of 64 bits.", 16...128)
        package var ipv6Prefix: Int = 64

        @Setting(
            "Sources, and names, remembered at most; those that are banned are forgotten last. One takes 160 bytes with ten attempts.",
            64...10_000_000)
        package var capacity: Int = 100_000

        package static var about: String { "Slows down and bans sources that keep trying wrong credentials." }
        package init() {}
    }

    package static let id = "brute-force"
    package static let example = """
        brute-force: { attempts: 5, window: 10m, ban: 5m }
        """
    package static let reasons: [Reason] = [.tooManyFailures]
    package static var isGuard: Bool { true }

    private let sources: FailureLedger
    private let names: FailureLedger?
    private let exempt: CIDRSet
    private let prefix: AddressPrefix
    private let delays: FailureDelay
    private let upstream: [StatusRange]
    /// Answers that wait, on each loop.
    private let waiting: LoopLocal<Int>
    private let capacity: Int
    private let refusal = GatewayError(.tooManyFailures, "Too many attempts with wrong credentials have come from this address.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let rules = FailureRules(
            attempts: config.attempts, window: config.window.nanoseconds, ban: config.ban.nanoseconds, longestBan: config.longestBan.nanoseconds)
        if config.$longestBan.isGiven, config.longestBan < config.ban {
            throw PolicyError("`longestBan` is shorter than `ban`", at: config.$longestBan.position, path: "longestBan")
        }
        let before = context.predecessor as? BruteForce
        // Bans outlive a reload that leaves the rules as they are.
        sources =
            before.flatMap { $0.sources.rules == rules && $0.capacity == config.capacity ? $0.sources : nil }
            ?? FailureLedger(rules, capacity: config.capacity)
        let counting = FailureRules(attempts: config.attempts, window: config.window.nanoseconds, ban: 0, longestBan: 0)
        names =
            config.names
            ? before?.names.flatMap { $0.rules == counting ? $0 : nil } ?? FailureLedger(counting, capacity: config.capacity) : nil
        exempt = CIDRSet(config.exempt)
        prefix = AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix)
        delays = FailureDelay(first: config.delay.nanoseconds, longest: config.longestDelay.nanoseconds, waiting: config.waiting)
        upstream = config.upstream
        capacity = config.capacity
        waiting = LoopLocal(loops: context.loops) { 0 }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let left = sources.banned(source(exchange), now: exchange.loop.now)
        guard left > 0, !exempt.contains(exchange.client.address) else { return .proceed }
        // Rounded up, so that who comes back then is let in.
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: Int(truncatingIfNeeded: (left &+ 999_999_999) / 1_000_000_000)) }
        return .refuse(refusal)
    }

    package func verdict(ofResponse exchange: Exchange) -> Verdict? {
        guard isFailure(exchange), !exempt.contains(exchange.client.address) else { return .proceed }
        let now = exchange.loop.now
        let outcome = sources.fail(source(exchange), now: now)
        var count = outcome.count
        if outcome.isNewBan { exchange.log(.text, ByteView("bruteForce"), ByteView("banned")) }
        if let names, !exchange.claimedName.isEmpty { count = max(count, exchange.claimedName.withView { names.fail($0, now: now) }.count) }
        let delay = delays.length(count)
        guard delay > 0, waiting[exchange] < delays.waiting else { return .proceed }
        exchange.memo.first = delay
        return nil
    }

    package func onResponse(_ exchange: Exchange) async -> Verdict {
        let delay = exchange.memo.first
        waiting[exchange] += 1
        _ = await exchange.loop.sleep(for: delay)
        waiting[exchange] -= 1
        return .proceed
    }

    /// Valid until the loop's scratch is used again.
    private func source(_ exchange: Exchange) -> ByteView {
        let scratch = exchange.tools.scratch
        scratch.clear()
        prefix.write(exchange.client.address, to: scratch)
        return scratch.view
    }

    /// Credentials that somebody has brought, and that are wrong. Who brings none has not tried anything.
    private func isFailure(_ exchange: Exchange) -> Bool {
        guard let error = exchange.error else { return upstream.contains { $0.contains(exchange.response.status) } }
        return error.status == 401 && error.reason != .credentialsMissing
    }

    package var figures: [PolicyFigure] {
        let now = Instant.now
        return [
            PolicyFigure("brute_force_failures", .counter, sources.failures, "Failed attempts to authenticate."),
            PolicyFigure("brute_force_bans", .counter, sources.bans, "Bans that have begun."),
            PolicyFigure("brute_force_banned", .gauge, UInt64(sources.bannedCount(now: now)), "Sources that are banned now."),
            PolicyFigure("brute_force_sources", .gauge, UInt64(sources.count), "Sources that are remembered."),
        ]
    }
}

extension Reason {
    static let tooManyFailures = Reason("too_many_failures", 429, "Too many failed attempts")
}
