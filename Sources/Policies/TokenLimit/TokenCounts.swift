import PolicyKit
import Synchronization

/// What a `token-limit` has seen.
final class TokenCounts: Sendable {
    let refused = Atomic<UInt64>(0)
    /// Responses that nobody could read.
    let unread = Atomic<UInt64>(0)
    private let prompt = Atomic<UInt64>(0)
    private let completion = Atomic<UInt64>(0)
    private let total = Atomic<UInt64>(0)

    func note(_ spent: TokenSpend) {
        prompt.wrappingAdd(UInt64(spent.prompt), ordering: .relaxed)
        completion.wrappingAdd(UInt64(spent.completion), ordering: .relaxed)
        total.wrappingAdd(UInt64(spent.total), ordering: .relaxed)
    }

    func figures(storeFailures: UInt64) -> [PolicyFigure] {
        [
            PolicyFigure("token_limit_tokens", .counter, total.load(ordering: .relaxed), "Tokens that were used."),
            PolicyFigure("token_limit_prompt_tokens", .counter, prompt.load(ordering: .relaxed), "Tokens of prompts, as far as they were told."),
            PolicyFigure(
                "token_limit_completion_tokens", .counter, completion.load(ordering: .relaxed), "Tokens of answers, as far as they were told."),
            PolicyFigure("token_limit_refused", .counter, refused.load(ordering: .relaxed), "Requests for which too few tokens were left."),
            PolicyFigure(
                "token_limit_unread", .counter, unread.load(ordering: .relaxed),
                "Responses of which tokens could not be read: compressed, or of another media type."),
            PolicyFigure("token_limit_store_failures", .counter, storeFailures, "Times that the store did not answer."),
        ]
    }
}
