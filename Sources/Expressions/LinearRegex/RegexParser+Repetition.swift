extension RegexParser {
    /// `atom` with the quantifier that follows it, if one does.
    mutating func parseRepetition(of atom: RegexNode, from start: Int) throws(SyntaxError) -> RegexNode {
        let place = position
        guard let bounds = try parseQuantifier() else { return atom }
        let isGreedy = !take("?")
        if current == "+" {
            throw error("possessive quantifiers are not supported: they change nothing in a linear-time matcher; drop the \"+\"")
        }
        let next = position
        if try parseQuantifier() != nil {
            throw error("a quantifier follows a quantifier; put the first into a group: (?:…)", at: next)
        }
        guard bounds.minimum <= LinearRegex.repetitionLimit, bounds.maximum ?? 0 <= LinearRegex.repetitionLimit else {
            throw error("a repetition counts to at most \(LinearRegex.repetitionLimit)", at: place)
        }
        if let maximum = bounds.maximum, maximum < bounds.minimum {
            throw error("the repetition {\(bounds.minimum),\(maximum)} ends before it begins", at: place)
        }
        return .repetition(atom, minimum: bounds.minimum, maximum: bounds.maximum, isGreedy: isGreedy)
    }

    private mutating func parseQuantifier() throws(SyntaxError) -> (minimum: Int, maximum: Int?)? {
        switch current {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{": return parseBounds()
        default: return nil
        }
    }

    /// `{m}`, `{m,}` or `{m,n}`; nil, and nothing taken, for a "{" that is only a character.
    private mutating func parseBounds() -> (minimum: Int, maximum: Int?)? {
        let start = position
        position += 1
        if let minimum = parseNumber() {
            if take("}") { return (minimum, minimum) }
            if take(",") {
                if take("}") { return (minimum, nil) }
                if let maximum = parseNumber(), take("}") { return (minimum, maximum) }
            }
        }
        position = start
        return nil
    }

    /// Digits, as a number that stops growing past the limit.
    private mutating func parseNumber() -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), LinearRegex.repetitionLimit + 1)
            position += 1
        }
        return value
    }
}
