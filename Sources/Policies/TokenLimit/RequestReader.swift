import Primitives

/// What a request to a model asks for, as far as it says.
struct RequestReader: Equatable {
    /// Tokens that each answer may have.
    private(set) var mostTokens: Int?
    private(set) var answers = 1
    private(set) var isStream = false
    private(set) var hasStreamOptions = false

    /// Reads a whole body. What is no JSON says nothing.
    init(_ body: ByteView) {
        var scanner = JSONScanner(.requests)
        scanner.scan(body) { note($0) }
        scanner.end { note($0) }
    }

    private mutating func note(_ found: JSONScanner.Found) {
        switch found {
        // Two names of the same thing: the higher one counts.
        case .number(.mostTokens, let count): mostTokens = max(mostTokens ?? 0, count)
        case .number(.answers, let count): answers = max(1, count)
        case .other(.stream, UInt8(ascii: "t")): isStream = true
        case .other(.streamOptions, _): hasStreamOptions = true
        default: break
        }
    }

    /// Whether an answer as a stream would end without telling what it has cost.
    var lacksUsage: Bool { isStream && !hasStreamOptions }
}
