/// How the characters of a scalar stand in its file, so that a place inside its text is found again there.
public enum ScalarStyle: Hashable, Sendable {
    case plain
    case singleQuoted
    case doubleQuoted
    /// `|`: the text begins on the line below, indented up to `column` (from 1).
    case literal(column: UInt16)
    /// Lines are joined, so that no place inside can be found again.
    case folded
}

/// Where a text stands in its file.
public struct TextPlace: Hashable, Sendable {
    public let position: SourcePosition
    public let style: ScalarStyle

    public static let none = TextPlace(.none, .plain)

    public init(_ position: SourcePosition, _ style: ScalarStyle) {
        self.position = position
        self.style = style
    }

    /// The place in the file of the character at `offset` (in bytes of UTF-8) of `text`.
    public func position(of offset: Int, in text: String) -> SourcePosition {
        let before = text.utf8.prefix(max(0, offset))
        let line = before.count { $0 == 0x0a }
        let lastLine = Substring(before.suffix(from: before.lastIndex(of: 0x0a).map(before.index(after:)) ?? before.startIndex))
        switch style {
        case .plain: return line == 0 ? position.moved(columns: lastLine.count) : position
        case .folded: return position
        case .singleQuoted:
            guard line == 0 else { return position }
            // A quote inside stands twice.
            return position.moved(columns: 1 + lastLine.count + lastLine.utf8.count { $0 == UInt8(ascii: "'") })
        case .doubleQuoted:
            // As long as what is escaped is escaped with one backslash.
            let escaped = before.count { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
            return position.moved(columns: 1 + Substring(before).count + escaped)
        case .literal(let column):
            guard position != .none else { return position }
            return position.moved(lines: 1 + line, column: Int(column) + lastLine.count)
        }
    }
}

extension SourcePosition {
    fileprivate func moved(columns: Int) -> SourcePosition {
        self == .none ? self : SourcePosition(file: SourceFile(file), line: line, column: column + columns)
    }

    fileprivate func moved(lines: Int, column: Int) -> SourcePosition {
        SourcePosition(file: SourceFile(file), line: line + lines, column: column)
    }
}

extension ConfigNode {
    public var place: TextPlace { TextPlace(position, style) }
}
