import Expressions
package import GatewayCore
package import PolicyKit
package import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

/// Limits the tokens of language models (`docs/guides/shaping.md`): takes what a request is expected to cost, and settles when its response
/// has said what it has cost. Bodies of responses pass as they come.
package final class TokenLimit: Policy, AsyncRequestPolicy, AsyncRequestBodyPolicy, ResponsePolicy, ResponseBodyPolicy, FinishPolicy,
    ReportingPolicy
{
    package static let id = "token-limit"
    package static let example = """
        token-limit: { limit: 100000, window: 1m, by: consumer }
        """
    package static let reasons: [Reason] = [.tokenLimited, .limitUnknown]
    package static var isGuard: Bool { true }
    package static let periods = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)

    private let limits: TokenLimits
    private let key: CompiledRequestKey
    private let estimate: TokenEstimate
    private let reserve: Reserve
    private let mostRequest: Int
    private let paths: JSONPaths
    private let told: Expression?
    private let wantsIdentity: Bool
    private let asksForUsage: Bool
    private let hasFields: Bool
    private let isDryRun: Bool
    private let failures: StoreFailures
    private let counts = TokenCounts()
    private let refusal = GatewayError(.tokenLimited, "Too many tokens have been used in too short a time.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let choice = try StoreChoice(config.store, at: config.$store.position, config.onStoreFailure, context)
        limits = try TokenLimits(config, choice, context)
        failures = choice.failures
        key = try CompiledRequestKey(
            config.by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context,
            isText: choice.store.kind != .memory)
        estimate = TokenEstimate(bytesPerToken: config.bytesPerToken, completion: config.completion)
        reserve = config.reserve
        mostRequest = config.mostRequest.bytes
        paths = try config.usage?.paths() ?? .responses
        told = try config.tokens.map { (text) throws(PolicyError) in
            try context.compile(text, "tokens", expecting: .int, isResponseKnown: true)
        }
        wantsIdentity = config.identity
        if config.askForUsage, config.reserve != .request {
            throw PolicyError(
                "`askForUsage` needs the request's body", at: config.$askForUsage.position, path: "askForUsage",
                remedy: "with `reserve: request` it is read")
        }
        asksForUsage = config.askForUsage
        hasFields = config.headers != .none && !config.dryRun
        isDryRun = config.dryRun
    }

    package static func needs(_ config: Config) -> [Fact] { config.by.keys.contains(.consumer) ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        guard route.forwards else { return [] }
        return reserve == .request ? .all : [.request, .response, .responseBody, .finish]
    }

    // MARK: Reserving

    package func verdict(_ exchange: Exchange) -> Verdict? {
        if wantsIdentity { exchange.request.fields.remove(named: ByteView("accept-encoding")) }
        // With a body it is decided when that is there, which the chain waits for.
        if readsBody(exchange) { return .proceed }
        let expected = estimate(exchange)
        let key = key.bytes(exchange).array
        return limits.takeNow(key, expected, on: exchange.loop).map { conclude($0, key, expected, exchange) }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let key = key.bytes(exchange).array
        let expected = estimate(exchange)
        return conclude(await limits.take(key, expected, exchange), key, expected, exchange)
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand { readsBody(exchange) ? .whole(most: mostRequest) : .none }

    package func onWholeRequestBody(_ exchange: Exchange, _ body: ByteBuffer) async -> Verdict {
        let request = RequestReader(body.view)
        let key = key.bytes(exchange).array
        let expected = estimate.spend(bodyBytes: body.count, request)
        if asksForUsage, request.lacksUsage { UsageWish.add(to: body) }
        let answer = limits.takeNow(key, expected, on: exchange.loop)
        let taken: TokenLimits.Answer
        if let answer { taken = answer } else { taken = await limits.take(key, expected, exchange) }
        return conclude(taken, key, expected, exchange)
    }

    private func readsBody(_ exchange: Exchange) -> Bool {
        guard reserve == .request else { return false }
        switch exchange.request.framing {
        case .none, .length(0): return false
        case .length(let count): return count <= mostRequest
        default: return true
        }
    }

    private func estimate(_ exchange: Exchange) -> TokenSpend {
        // Whoever sends nothing asks no model anything.
        guard reserve != .nothing, exchange.request.framing.hasBody else { return .nothing }
        if case .length(let count) = exchange.request.framing { return estimate.spend(bodyBytes: count, nil) }
        return estimate.spend(bodyBytes: 0, nil)
    }

    private func conclude(_ answer: TokenLimits.Answer, _ key: [UInt8], _ expected: TokenSpend, _ exchange: Exchange) -> Verdict {
        switch answer {
        case .taken(let taken):
            let account = TokenAccount(key, expected: expected, taken: taken)
            // Over while the store was asked: nobody settles it later.
            guard !Task.isCancelled else {
                limits.settle(account, .nothing, on: exchange.loop)
                return .proceed
            }
            exchange.memo.object = account
            return .proceed
        case .unavailable: return isDryRun ? .proceed : .refuse(.limitUnknown)
        case .refused(let decision, let fields):
            counts.refused.wrappingAdd(1, ordering: .relaxed)
            if isDryRun {
                fields.noteDryRun(exchange)
                return .proceed
            }
            exchange.response.fields.append(.retryAfter) { $0.append(decimal: fields.retryAfter(decision)) }
            exchange.memo.object = TokenRefusal(left: RateLimitLeft(decision, tier: 0), fields: fields)
            return .refuse(refusal)
        }
    }

    // MARK: The response

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if let refusal = exchange.memo.object as? TokenRefusal {
            if hasFields { refusal.fields.add(refusal.left, to: exchange) }
            return .proceed
        }
        guard let account = exchange.memo.object as? TokenAccount else { return .proceed }
        if hasFields {
            // Fields go before those that are there.
            for (limit, taking) in zip(limits.all, account.taken).reversed() {
                if let left = taking.left { limit.fields.add(left, to: exchange) }
            }
        }
        if let told, exchange.error == nil, case .int(let count) = exchange.evaluate(told) { account.told = max(0, count) }
        return .proceed
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        guard let account = exchange.memo.object as? TokenAccount, account.told == nil, exchange.upstreamAnswered != .never, exchange.error == nil
        else { return .none }
        guard let form = UsageReader.Form(exchange.response.fields[.contentType]), !exchange.response.isEncoded else {
            if exchange.response.status < 300 { counts.unread.wrappingAdd(1, ordering: .relaxed) }
            return .none
        }
        account.reader = UsageReader(form, paths)
        return .stream(TokenStage(account))
    }

    package func onFinish(_ exchange: Exchange) {
        guard let account = exchange.memo.object as? TokenAccount, let spent = account.spent(exchange, estimate) else { return }
        limits.settle(account, spent, on: exchange.loop)
        counts.note(spent)
        log(spent, exchange)
    }

    private func log(_ spent: TokenSpend, _ exchange: Exchange) {
        guard spent.total > 0 else { return }
        let scratch = exchange.tools.scratch
        let members: [3 of (name: StaticString, count: Int)] = [
            ("promptTokens", spent.prompt), ("completionTokens", spent.completion), ("totalTokens", spent.total),
        ]
        for i in members.indices {
            scratch.clear()
            scratch.append(decimal: members[i].count)
            exchange.log(.literal, ByteView(members[i].name), scratch.view)
        }
    }

    package var figures: [PolicyFigure] { counts.figures(storeFailures: failures.count) }
}

/// What was said to a request that is refused.
private final class TokenRefusal {
    let left: RateLimitLeft
    let fields: RateLimitFields

    init(left: RateLimitLeft, fields: RateLimitFields) {
        self.left = left
        self.fields = fields
    }
}

extension ResponseHead {
    /// Its body is compressed, or changed in another way.
    fileprivate var isEncoded: Bool {
        guard let coding = fields.first(ByteView("content-encoding")) else { return false }
        return !coding.trimmed.isEmpty && !coding.trimmed.equalsIgnoringCase("identity")
    }
}

extension TokenLimit.Usage {
    fileprivate func paths() throws(PolicyError) -> JSONPaths {
        var paths = JSONPaths()
        for (name, path, position, part) in [
            ("prompt", prompt, $prompt.position, TokenUsage.Part.prompt), ("completion", completion, $completion.position, .completion),
            ("total", total, $total.position, .total),
        ] {
            guard let path else { continue }
            guard JSONPaths.isPath(path) else {
                throw PolicyError(
                    "a path is at most \(JSONPaths.deepest) names with dots between", at: position, path: "usage.\(name)",
                    remedy: "such as `usage.prompt_tokens`")
            }
            paths.add(path, .number(part))
        }
        guard paths.nodes.count > 1 else { throw PolicyError("`usage` says nothing", path: "usage", remedy: "such as `{ total: usage.total }`") }
        return paths
    }
}

extension Reason {
    static let tokenLimited = Reason("token_limited", 429, "Too many tokens")
}
