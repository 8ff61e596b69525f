extension RegexParser {
    /// `( )`, `(?: )`, `(?<name> )`, `(?P<name> )`, `(?flags)`, `(?flags: )`.
    mutating func parseGroup() throws(SyntaxError) -> RegexNode {
        let start = position
        depth += 1
        defer { depth -= 1 }
        guard depth <= RegexParser.depthLimit else {
            throw error("groups are nested deeper than \(RegexParser.depthLimit)")
        }
        position += 1
        let outer = flags
        guard take("?") else { return try parseCapture(name: nil, from: start, outer: outer) }
        try refuseExtensions(from: start)
        if looksAt("P<") || looksAt("<") {
            position += current == "P" ? 2 : 1
            return try parseCapture(name: try parseName(), from: start, outer: outer)
        }
        try parseFlags(from: start)
        // Flags without a colon hold until the group around them ends.
        if take(")") { return .empty }
        position += 1
        return try parseBody(from: start, outer: outer)
    }

    private func refuseExtensions(from start: Int) throws(SyntaxError) {
        if looksAt("=") || looksAt("!") || looksAt("<=") || looksAt("<!") {
            throw error(
                "look-around is not supported: it cannot be matched in linear time; match the text itself, or add a second condition",
                at: start)
        }
        if looksAt("P=") || looksAt("P>") || looksAt("&") || looksAt("R") {
            throw error("references to groups are not supported: they cannot be matched in linear time; repeat the pattern", at: start)
        }
        if looksAt(">") { throw error("atomic groups are not supported; write (?:…), which is as fast here", at: start) }
        if looksAt("#") { throw error("comments are not supported; take the (?#…) out", at: start) }
    }

    private mutating func parseCapture(name: String?, from start: Int, outer: Flags) throws(SyntaxError) -> RegexNode {
        guard groupNames.count < LinearRegex.groupLimit else {
            throw error("more than \(LinearRegex.groupLimit - 1) groups; write (?:…) for groups whose text is not used", at: start)
        }
        let index = groupNames.count
        groupNames.append(name)
        return .group(index, try parseBody(from: start, outer: outer))
    }

    private mutating func parseBody(from start: Int, outer: Flags) throws(SyntaxError) -> RegexNode {
        let body = try parseAlternation()
        guard take(")") else { throw error("\"(\" is never closed; write \\( for the character", at: start) }
        flags = outer
        return body
    }

    private mutating func parseName() throws(SyntaxError) -> String {
        let start = position
        var name = ""
        while let scalar = current, scalar != ">" {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            guard isLetter || (!name.isEmpty && ("0"..."9").contains(scalar)) else {
                throw error("a group's name is letters, digits and \"_\", and does not begin with a digit")
            }
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard !name.isEmpty, take(">") else { throw error("a named group is written (?<name>…)", at: start) }
        guard !groupNames.contains(name) else { throw error("two groups are called \"\(name)\"", at: start) }
        return name
    }

    /// `i`, `s`, `m`, each on, or off after "-". Stops before ")" or ":".
    private mutating func parseFlags(from start: Int) throws(SyntaxError) {
        var value = true
        var any = false
        while let scalar = current, scalar != ")", scalar != ":" {
            switch scalar {
            case "i": flags.ignoresCase = value
            case "s": flags.dotMatchesNewline = value
            case "m": flags.isMultiline = value
            case "-" where value: value = false
            default: throw error("unknown flag \"\(scalar)\" in (?…); there are i, s and m")
            }
            any = any || scalar != "-"
            position += 1
        }
        guard current != nil else { throw error("\"(?\" is never closed", at: start) }
        guard any || (current == ":" && value) else { throw error("(?…) names no flag; there are i, s and m", at: start) }
    }
}
