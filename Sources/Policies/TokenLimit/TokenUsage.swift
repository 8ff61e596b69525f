/// How many tokens a response says that it has cost.
struct TokenUsage: Equatable, Sendable {
    /// One figure of it, as providers call it in their own ways.
    enum Part: Int, CaseIterable, Sendable {
        case prompt
        /// Of the prompt, but not in its figure (Anthropic).
        case cacheRead, cacheWrite
        case completion
        /// Of the completion, but not in its figure (Gemini).
        case reasoning
        case total
    }

    /// -1 for what was not said.
    private var parts: [6 of Int] = .init(repeating: -1)

    static func == (a: TokenUsage, b: TokenUsage) -> Bool { Part.allCases.allSatisfy { a.parts[$0.rawValue] == b.parts[$0.rawValue] } }

    subscript(part: Part) -> Int? { parts[part.rawValue] >= 0 ? parts[part.rawValue] : nil }

    /// Takes a figure. Streams say the same several times, each time with what has been until then, so the highest counts.
    mutating func note(_ part: Part, _ count: Int) { parts[part.rawValue] = max(parts[part.rawValue], min(max(0, count), TokenUsage.most)) }

    /// No response costs as many; sums of a few of them do not overflow.
    private static let most = 1 << 40

    var isEmpty: Bool { Part.allCases.allSatisfy { self[$0] == nil } }

    var prompt: Int? {
        if let prompt = sum(.prompt, .cacheRead, .cacheWrite) { return prompt }
        return rest(of: completion)
    }

    var completion: Int? {
        if let completion = sum(.completion, .reasoning) { return completion }
        guard let total = self[.total], let prompt = sum(.prompt, .cacheRead, .cacheWrite) else { return nil }
        return max(0, total - prompt)
    }

    var total: Int? {
        if let total = self[.total] { return total }
        guard let prompt = sum(.prompt, .cacheRead, .cacheWrite) else { return sum(.completion, .reasoning) }
        return prompt + (sum(.completion, .reasoning) ?? 0)
    }

    private func sum(_ parts: Part...) -> Int? {
        var sum: Int?
        for part in parts { if let count = self[part] { sum = (sum ?? 0) + count } }
        return sum
    }

    private func rest(of part: Int?) -> Int? {
        guard let total = self[.total], let part else { return nil }
        return max(0, total - part)
    }
}
