/// What is wrong with a request, in words for whoever has sent it. Costs nothing as long as nothing is.
struct Violations {
    /// So many are told, the others counted.
    static let most = 10

    private var told: [String] = []
    private var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ violation: String) {
        count += 1
        if told.count < Violations.most { told.append(violation) }
    }

    /// "A body is required; the query parameter `limit` must be at most 100; and 3 more."
    var text: String {
        var text = told.joined(separator: "; ")
        if count > told.count { text += "; and \(count - told.count) more" }
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
