extension RegexParser {
    /// `[abc]`, `[^a-z\d]`. "]" is a character at the front, "-" at either end.
    mutating func parseClass() throws(SyntaxError) -> RegexNode {
        let start = position
        position += 1
        let isInverted = take("^")
        var set = ScalarSet([])
        var isFirst = true
        while true {
            guard let scalar = current else { throw error("\"[\" is never closed; write \\[ for the character", at: start) }
            if scalar == "]", !isFirst { break }
            isFirst = false
            if looksAt("[:") { throw error("classes like [:alpha:] are not supported; write the ranges, as in [A-Za-z]") }
            let place = position
            let low = try parseClassItem()
            guard case .character(let first) = low else {
                if case .set(let members) = low { set = set.union(members) }
                if current == "-", let next = peek(1), next != "]" { throw error("a class cannot begin a range", at: place) }
                continue
            }
            guard current == "-", let next = peek(1), next != "]" else {
                set = set.union(ScalarSet([first...first]))
                continue
            }
            position += 1
            guard case .character(let last) = try parseClassItem() else { throw error("a class cannot end a range", at: place) }
            guard first <= last else { throw error("the range ends before it begins", at: place) }
            set = set.union(ScalarSet([first...last]))
        }
        position += 1
        if flags.ignoresCase { set = set.caseFolded }
        if isInverted { set = set.inverted }
        return set.single.map { .character($0) } ?? .set(set)
    }

    private mutating func parseClassItem() throws(SyntaxError) -> RegexNode {
        guard let scalar = current else { throw error("\"[\" is never closed; write \\[ for the character") }
        guard scalar == "\\" else {
            position += 1
            return .character(scalar.value)
        }
        let place = position
        let outer = flags
        // Case is folded once, for the whole class.
        flags.ignoresCase = false
        defer { flags = outer }
        let node = try parseEscape()
        if case .assertion = node { throw error("an assertion has no meaning inside a class", at: place) }
        return node
    }
}
