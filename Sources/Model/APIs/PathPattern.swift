package import Schema

/// The path of a match: exact `/a/b`, template `/a/{id}`, prefix `/a/*` or `/a/{rest*}`, or both: `/a/{id}/*`.
package struct PathPattern: Hashable, Sendable, SettingValue {
    package enum Segment: Hashable, Sendable {
        case literal(String)
        /// `{id}`: one segment, not empty.
        case parameter(String)
    }

    /// As it stands in the file.
    package let text: String
    /// Ends in `/*` or `/{name*}`: whatever follows belongs to it, and is `{*}` in templates.
    package let isPrefix: Bool
    /// No parameter and no `/*`.
    package let isExact: Bool

    /// The pieces between slashes, without the last of a prefix. `/` is one empty literal, `/a/` ends with one, `/*` has none.
    package var segments: [Segment] {
        let pieces = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return (isPrefix ? pieces.dropLast() : pieces[...]).map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    /// `name` of a prefix that ends in `/{name*}`.
    package var restName: String? {
        guard isPrefix, text.hasSuffix("*}"), let open = text.lastIndex(of: "{") else { return nil }
        let name = text[text.index(after: open)...].dropLast(2)
        return name.isEmpty ? nil : String(name)
    }

    /// Names of the parameters, in order; a named rest is the last.
    package var parameters: [String] {
        if isExact { return [] }
        let names: [String] = segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
        return names + (restName.map { [$0] } ?? [])
    }

    /// Bytes of a path that stand for themselves in patterns and base paths.
    static func isLiteral(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7f && !"{}*?#\\\"<>^`|".utf8.contains(byte)
    }
}

extension PathPattern {
    /// - Throws: `Flaw`, which says what is wrong with `text`.
    package init(_ text: String) throws(Flaw) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw Flaw("must start with `/`", remedy: "write `/\(text)`") }
        self.text = text
        isPrefix = text.hasSuffix("/*") || text.hasSuffix("*}")
        if text.utf8.dropLast(isPrefix ? 1 : 0).allSatisfy(PathPattern.isPlain) {
            isExact = !isPrefix
            return
        }
        isExact = !isPrefix && !text.utf8.contains(UInt8(ascii: "{"))
        var names: Set<Substring> = []
        let pieces = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (i, piece) in pieces.enumerated() {
            guard let name = try PathPattern.parameter(piece, isLast: i == pieces.count - 1) else { continue }
            if !names.insert(name).inserted { throw Flaw("`{\(name)}` stands there twice") }
        }
    }

    /// The name in braces, nil for a literal or `*`.
    private static func parameter(_ piece: Substring, isLast: Bool) throws(Flaw) -> Substring? {
        if isLast, piece == "*" || piece == "{*}" { return nil }
        if piece.hasPrefix("{"), piece.hasSuffix("}"), piece.count > 1 {
            var name = piece.dropFirst().dropLast()
            if name.hasSuffix("*") {
                name.removeLast()
                guard isLast else { throw Flaw("`\(piece)` takes all that follows, so it must come last") }
            }
            guard Template.isName(name) else {
                throw Flaw("`{\(name)}` is no name", remedy: "use letters, digits, `_` and `-`, a letter first")
            }
            return name
        }
        if piece.contains("{") || piece.contains("}") {
            throw Flaw("braces hold the name of one whole segment", remedy: "such as `/products/{id}`; for a part of one use `pathRegex`")
        }
        if piece.contains("*") { throw Flaw("`*` may only stand at the end, after `/`", remedy: "use `{name}` for one segment") }
        if piece == "." || piece == ".." { throw Flaw("`\(piece)` never matches: requests are matched without dot segments") }
        if let bad = piece.utf8.first(where: { !PathPattern.isLiteral($0) }) {
            throw Flaw(
                "`\(Character(Unicode.Scalar(bad)))` can't stand in a path",
                remedy: bad == UInt8(ascii: "?") ? "use `query` for parameters" : "percent-encode it")
        }
        return nil
    }

    /// What is wrong with a pattern.
    package struct Flaw: Error, Equatable {
        package let message: String
        package let remedy: String?

        init(_ message: String, remedy: String? = nil) {
            self.message = message
            self.remedy = remedy
        }
    }

    package static var shape: SettingShape { .text(name: "path", pattern: #"^/"#, examples: ["/products", "/products/{id}", "/files/*"]) }
    package var encoded: JSONValue { .string(text) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> PathPattern? {
        guard let text = node.text else {
            context.mismatch(node, expected: "a path such as /products/{id} or /files/*")
            return nil
        }
        do throws(Flaw) { return try PathPattern(text) } catch {
            let message = node.isSecret ? "the path is not valid" : "path \(node.shown): \(error.message)"
            context.error(node, message, remedy: node.isSecret ? nil : error.remedy)
            return nil
        }
    }

    /// A byte with no meaning in any pattern.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
