/// The syntax tree of a regular expression.
indirect enum RegexNode {
    case empty
    case character(UInt32)
    case set(ScalarSet)
    case assertion(RegexAssertion)
    case concatenation([RegexNode])
    case alternation([RegexNode])
    case group(Int, RegexNode)
    /// `maximum` nil: without bound.
    case repetition(RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool)

    /// Whether it matches the empty string somewhere.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .character, .set: false
        case .concatenation(let parts): parts.allSatisfy(\.isNullable)
        case .alternation(let parts): parts.contains(where: \.isNullable)
        case .group(_, let body): body.isNullable
        case .repetition(let body, let minimum, _, _): minimum == 0 || body.isNullable
        }
    }
}

enum RegexAssertion: UInt8 {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
}

extension RegexNode {
    /// Bytes with which every match begins, and whether it begins at the start of the text.
    var literalPrefix: (bytes: [UInt8], isAnchored: Bool) {
        var bytes: [UInt8] = []
        var isAnchored = false
        _ = collectPrefix(&bytes, &isAnchored)
        return (bytes, isAnchored)
    }

    /// Answers whether the node was wholly a literal, so that what follows it may go on with the prefix.
    private func collectPrefix(_ bytes: inout [UInt8], _ isAnchored: inout Bool) -> Bool {
        switch self {
        case .empty: return true
        case .character(let value):
            guard let scalar = Unicode.Scalar(value), scalar != "\u{fffd}" else { return false }
            bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            return true
        case .assertion(.textStart):
            guard bytes.isEmpty else { return false }
            isAnchored = true
            return true
        case .concatenation(let parts):
            for part in parts where !part.collectPrefix(&bytes, &isAnchored) { return false }
            return true
        case .group(_, let body): return body.collectPrefix(&bytes, &isAnchored)
        case .repetition(let body, let minimum, _, _):
            if minimum > 0 { _ = body.collectPrefix(&bytes, &isAnchored) }
            return false
        case .set, .assertion, .alternation: return false
        }
    }
}
