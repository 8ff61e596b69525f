extension PathPattern {
    /// `/ping`, `/products/{id}`, `/offers/*`, `/files/{path*}`.
    package init(parsing text: String) throws(PatternError) {
        guard text.hasPrefix("/") else { throw PatternError("path \"\(text)\" must begin with \"/\"") }
        var segments: [Segment] = []
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let rest = try PathPattern.rest(of: parts[parts.count - 1], in: text)
        if rest != nil { parts.removeLast() }
        for part in parts { segments.append(try PathPattern.segment(part, in: text)) }
        try PathPattern.check(segments, rest: rest ?? nil, in: text)
        if let rest {
            self = .prefix(segments, rest: rest)
        } else if segments.contains(where: { if case .parameter = $0 { true } else { false } }) {
            self = .template(segments)
        } else {
            self = .exact(try PathText.normalise(text, what: "path"))
        }
    }

    /// The name of a trailing `*` (nil) or `{name*}`; nothing if the segment is neither.
    private static func rest(of segment: String, in text: String) throws(PatternError) -> String?? {
        if segment == "*" || segment == "{*}" { return .some(nil) }
        guard segment.hasPrefix("{"), segment.hasSuffix("*}") else { return nil }
        return .some(try name(String(segment.dropFirst().dropLast(2)), in: text))
    }

    private static func segment(_ segment: String, in text: String) throws(PatternError) -> Segment {
        if segment.hasPrefix("{"), segment.hasSuffix("}"), segment.count > 1 {
            guard !segment.hasSuffix("*}") else {
                throw PatternError("path \"\(text)\": \(segment) takes all that follows, so it must come last")
            }
            return .parameter(try name(String(segment.dropFirst().dropLast()), in: text))
        }
        guard !segment.contains("{"), !segment.contains("}") else {
            throw PatternError(
                """
                path "\(text)": a parameter takes a whole segment, as in /products/{id}; for a part of one, "\(segment)", \
                use pathRegex
                """)
        }
        guard !segment.contains("*") else {
            throw PatternError(
                """
                path "\(text)": "*" may only be the last segment, as in /offers/*; one segment in the middle is {name}, \
                other forms are for pathRegex
                """)
        }
        return .literal(try PathText.normalise(segment, what: "path", in: text))
    }

    private static func name(_ name: String, in text: String) throws(PatternError) -> String {
        let isName = name.utf8.enumerated().allSatisfy { place, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): place > 0
            default: false
            }
        }
        guard isName, !name.isEmpty else {
            throw PatternError(
                "path \"\(text)\": the parameter name \"\(name)\" is not a letter followed by letters, digits, \"_\" or \"-\"")
        }
        return name
    }

    private static func check(_ segments: [Segment], rest: String?, in text: String) throws(PatternError) {
        var names = segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
        if let rest { names.append(rest) }
        for (place, name) in names.enumerated() where names[..<place].contains(name) {
            throw PatternError("path \"\(text)\" has two parameters called \"\(name)\"")
        }
        guard names.count <= RouteCaptures.parameterLimit else {
            throw PatternError("path \"\(text)\" has more than \(RouteCaptures.parameterLimit) parameters")
        }
        guard segments.count <= PathText.segmentLimit else {
            throw PatternError("path \"\(text)\" has more than \(PathText.segmentLimit) segments")
        }
    }
}
