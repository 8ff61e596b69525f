/// Tokens of one request: what it is reckoned to cost, or what it has cost.
struct TokenSpend: Equatable, Sendable {
    var prompt: Int
    var completion: Int
    /// What was said of both together, if that is more than they are apart.
    var total: Int

    static let nothing = TokenSpend(prompt: 0, completion: 0)

    init(prompt: Int, completion: Int, total: Int? = nil) {
        self.prompt = max(0, prompt)
        self.completion = max(0, completion)
        let (sum, overflows) = self.prompt.addingReportingOverflow(self.completion)
        self.total = max(0, total ?? (overflows ? .max : sum))
    }

    subscript(kind: TokenKind) -> Int {
        switch kind {
        case .total: total
        case .prompt: prompt
        case .completion: completion
        }
    }
}

/// How tokens are reckoned that nobody has counted.
struct TokenEstimate: Sendable {
    let bytesPerToken: Int
    /// Of an answer, where the request does not say.
    let completion: Int

    func tokens(ofBytes count: Int) -> Int { max(0, count) / bytesPerToken + (count > 0 && count % bytesPerToken > 0 ? 1 : 0) }

    /// What a request is expected to cost.
    func spend(bodyBytes: Int, _ request: RequestReader?) -> TokenSpend {
        let (most, overflows) = (request?.mostTokens ?? completion).multipliedReportingOverflow(by: request?.answers ?? 1)
        return TokenSpend(prompt: tokens(ofBytes: bodyBytes), completion: overflows ? .max : most)
    }

    /// What a response has cost, by what was read of it.
    ///
    /// - Parameters:
    ///   - isWhole: it came to its end. Otherwise what it says may be of its beginning alone.
    ///   - expected: what its request was expected to cost.
    func spend(_ findings: UsageReader.Findings, isWhole: Bool, expected: TokenSpend) -> TokenSpend {
        let usage = findings.usage
        let passed = tokens(ofBytes: findings.textBytes)
        if usage.isEmpty { return TokenSpend(prompt: expected.prompt, completion: passed) }
        let prompt = usage.prompt ?? (usage.total == nil ? expected.prompt : 0)
        let told = usage.completion ?? 0
        let completion = isWhole ? told : max(told, passed)
        return TokenSpend(prompt: prompt, completion: completion, total: completion > told ? nil : usage.total)
    }
}
