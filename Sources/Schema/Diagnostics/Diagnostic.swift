/// One finding about a configuration: what is wrong, where, and what to do.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Sendable, Comparable {
        case warning, error

        public static func < (a: Severity, b: Severity) -> Bool { a == .warning && b == .error }
    }

    public var severity: Severity
    public var position: SourcePosition
    /// The setting, such as `apis[0].routes[2].match.path`; empty for the file as a whole.
    public var path: String
    public var message: String
    /// What to do about it, where that is not in the message.
    public var remedy: String?

    public init(_ severity: Severity, at position: SourcePosition, path: String, _ message: String, remedy: String? = nil) {
        self.severity = severity
        self.position = position
        self.path = path
        self.message = message
        self.remedy = remedy
    }

    public var file: String { position.file }
    public var line: Int { position.line }
    public var column: Int { position.column }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message; remedy (path)`.
    public var description: String {
        var text = position == .none ? "" : "\(position): "
        text += "\(severity.rawValue): \(message)"
        if let remedy { text += "; \(remedy)" }
        if !path.isEmpty { text += " (\(path))" }
        return text
    }

    /// The same as an object: severity, file, line, column, path, message and, if there is one, remedy.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("severity", .string(severity.rawValue)), .init("file", .string(file)), .init("line", .integer(line)),
            .init("column", .integer(column)), .init("path", .string(path)), .init("message", .string(message)),
        ]
        if let remedy { members.append(.init("remedy", .string(remedy))) }
        return .object(members)
    }
}

extension [Diagnostic] {
    public var hasErrors: Bool { contains { $0.severity == .error } }

    /// In the order of the files; findings at the same place keep their order.
    public var sortedByPosition: [Diagnostic] {
        enumerated().sorted {
            ($0.element.file, $0.element.line, $0.element.column, $0.offset)
                < ($1.element.file, $1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }

    /// One line for each.
    public var text: String { map { "\($0)\n" }.joined() }

    public var json: JSONValue { .array(map(\.json)) }
}
