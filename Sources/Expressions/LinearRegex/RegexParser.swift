/// Recursive descent over the pattern's scalars.
struct RegexParser {
    typealias SyntaxError = LinearRegex.SyntaxError

    struct Flags {
        var ignoresCase = false, dotMatchesNewline = false, isMultiline = false
    }

    let scalars: [Unicode.Scalar]
    /// Byte offset of each scalar, and of the end.
    let offsets: [Int]
    var position = 0
    var flags = Flags()
    var groupNames: [String?] = [nil]
    /// Groups inside groups: bounds the recursion of everything that walks the tree.
    var depth = 0
    static let depthLimit = 200

    init(_ pattern: String) {
        scalars = Array(pattern.unicodeScalars)
        var offsets: [Int] = []
        var offset = 0
        for scalar in scalars {
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        self.offsets = offsets + [offset]
    }

    var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    func peek(_ distance: Int) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    /// The next scalars are those of `text`.
    func looksAt(_ text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }

    func error(_ message: String, at place: Int? = nil) -> SyntaxError {
        SyntaxError(offset: offsets[min(place ?? position, scalars.count)], message: message)
    }

    mutating func parse() throws(SyntaxError) -> RegexNode {
        let tree = try parseAlternation()
        guard position == scalars.count else { throw error("\")\" closes no group; write \\) for the character") }
        return tree
    }

    mutating func parseAlternation() throws(SyntaxError) -> RegexNode {
        var branches = [try parseConcatenation()]
        while take("|") { branches.append(try parseConcatenation()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func parseConcatenation() throws(SyntaxError) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let start = position
            let atom = try parseAtom()
            parts.append(try parseRepetition(of: atom, from: start))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .concatenation(parts)
    }

    private mutating func parseAtom() throws(SyntaxError) -> RegexNode {
        guard let scalar = current else { return .empty }
        switch scalar {
        case "(": return try parseGroup()
        case "[": return try parseClass()
        case "\\": return try parseEscape()
        case "*", "+", "?": throw error("\"\(scalar)\" has nothing to repeat; write \\\(scalar) for the character")
        case ".":
            position += 1
            return .set(flags.dotMatchesNewline ? .all : ScalarSet.newline.inverted)
        case "^":
            position += 1
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$":
            position += 1
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        default:
            position += 1
            return character(scalar.value)
        }
    }

    /// One character, or its cases under `(?i)`.
    func character(_ value: UInt32) -> RegexNode {
        guard flags.ignoresCase else { return .character(value) }
        let folded = ScalarSet([value...value]).caseFolded
        return folded.single == nil ? .set(folded) : .character(value)
    }
}
