package import Schema

/// Text in which `{id}` stands for a path parameter, `{*}` for what a prefix left, `$1` for a group of `pathRegex`.
/// Braces around anything that is no name stay as they are, so JSON needs no escapes.
package struct Template: Hashable, Sendable, SettingValue {
    package enum Piece: Hashable, Sendable {
        case literal(String)
        case parameter(String)
        /// `{*}`, without a slash at its start.
        case rest
        /// `$1` to `$9`.
        case group(Int)
    }

    /// As it stands in the file.
    package let text: String

    package init(text: String) { self.text = text }

    package var pieces: [Piece] {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let mark = rest.firstIndex(where: { $0 == "{" || $0 == "$" }) {
            literal += rest[..<mark]
            rest = rest[mark...]
            if let (piece, length) = Template.piece(at: rest) {
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                literal = ""
                pieces.append(piece)
                rest = rest.dropFirst(length)
            } else {
                literal.append(rest.removeFirst())
            }
        }
        literal += rest
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    /// The pieces, with what `known` refuses turned back into text.
    package func pieces(where known: (Piece) -> Bool) -> [Piece] {
        var result: [Piece] = []
        for piece in pieces {
            var piece = piece
            if !known(piece) { piece = .literal(piece.text) }
            if case .literal(let more) = piece, case .literal(let before)? = result.last {
                result[result.count - 1] = .literal(before + more)
            } else {
                result.append(piece)
            }
        }
        return result
    }

    /// A letter or `_`, then letters, digits, `_`, `-`.
    static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == UInt8(ascii: "_")
    }

    private static func piece(at text: Substring) -> (Piece, length: Int)? {
        if text.first == "$" {
            guard let digit = text.dropFirst().first, digit.isASCII, let number = digit.wholeNumberValue, number > 0 else { return nil }
            return (.group(number), 2)
        }
        guard let end = text.firstIndex(of: "}") else { return nil }
        let name = text[..<end].dropFirst()
        if name == "*" { return (.rest, 3) }
        return isName(name) ? (.parameter(String(name)), name.count + 2) : nil
    }
}

extension Template.Piece {
    /// The piece as it is written.
    package var text: String {
        switch self {
        case .literal(let text): text
        case .parameter(let name): "{\(name)}"
        case .rest: "{*}"
        case .group(let number): "$\(number)"
        }
    }
}

extension Template {
    package static var shape: SettingShape { .text(name: "template", pattern: nil, examples: ["/internal/{id}"]) }
    package var encoded: JSONValue { .string(text) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> Template? {
        String.decode(node, in: context).map { Template(text: $0) }
    }
}
