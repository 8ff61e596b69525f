import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// What one request has taken, until it is known what it has cost.
final class TokenAccount {
    let key: [UInt8]
    /// What the request was expected to cost.
    let expected: TokenSpend
    /// What each limit has said, in their order.
    var taken: ContiguousArray<TokenTaking>
    /// Reads the response, once it is there and can be read.
    var reader: UsageReader?
    /// What the response's head has said.
    var told: Int?

    init(_ key: [UInt8], expected: TokenSpend, taken: ContiguousArray<TokenTaking>) {
        self.key = key
        self.expected = expected
        self.taken = taken
    }

    /// What the exchange has cost, when it is over; nil if nobody knows, and what was taken stands.
    func spent(_ exchange: Exchange, _ estimate: TokenEstimate) -> TokenSpend? {
        if let told { return TokenSpend(prompt: 0, completion: 0, total: told) }
        guard exchange.upstreamAnswered != .never else {
            // The upstream has read the prompt, and nobody has waited for the answer.
            let hasLeft = exchange.status == 0 && exchange.upstreamStarted != .never
            return hasLeft ? TokenSpend(prompt: expected.prompt, completion: 0) : .nothing
        }
        let isFree = exchange.status >= 400 || exchange.status == 204 || exchange.status == 304
        guard let reader else { return isFree ? .nothing : nil }
        // An error without a word about its cost was free.
        if isFree, reader.findings.usage.isEmpty { return .nothing }
        return estimate.spend(reader.findings, isWhole: reader.hasEnded, expected: expected)
    }
}

/// What a request has taken from one limit.
struct TokenTaking {
    let cost: Int
    /// Nil: nobody has counted.
    let left: RateLimitLeft?
    /// It was taken from this gateway's memory, because the store did not answer.
    let isLocal: Bool
}

/// Reads a response as it passes.
final class TokenStage: BodyStage {
    private let account: TokenAccount

    init(_ account: TokenAccount) { self.account = account }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        account.reader?.take(bytes)
        try next(bytes)
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) { account.reader?.end() }
}
