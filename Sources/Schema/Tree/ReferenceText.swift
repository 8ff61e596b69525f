/// A scalar taken apart at its references.
enum ReferenceText {
    enum Piece: Equatable {
        case text(String)
        /// What stands between `${` and `}`.
        case reference(Substring)
        /// A `${` that no `}` follows.
        case unterminated
    }

    /// The pieces in order; `$${` stands for the characters `${` themselves.
    static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            let before = rest[..<start.lowerBound]
            if before.last == "$" {
                pieces.append(.text(before.dropLast() + "${"))
                rest = rest[start.upperBound...]
                continue
            }
            pieces.append(.text(String(before)))
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { return pieces + [.unterminated] }
            pieces.append(.reference(rest[start.upperBound..<end]))
            rest = rest[rest.index(after: end)...]
        }
        return pieces + [.text(String(rest))]
    }

    /// Whether there may be any.
    static func mayHold(_ text: String) -> Bool { text.utf8.contains(UInt8(ascii: "$")) && text.contains("${") }
}
