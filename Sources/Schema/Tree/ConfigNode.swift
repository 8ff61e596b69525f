/// A value of a configuration file with its place: what decoding works on, whatever the syntax it was read from.
public struct ConfigNode: Sendable {
    public enum Content: Sendable {
        /// Nothing, `~` or `null`: the setting counts as left out.
        case null
        case scalar(String)
        case list([ConfigNode])
        /// Entries in the order of the file, without duplicate keys.
        case map([Entry])
    }

    public struct Entry: Sendable {
        public var key: String
        public var position: SourcePosition
        public var value: ConfigNode

        public init(key: String, position: SourcePosition, value: ConfigNode) {
            self.key = key
            self.position = position
            self.value = value
        }
    }

    public var content: Content
    public var position: SourcePosition
    /// How a scalar is written.
    public var style = ScalarStyle.plain
    /// The value came from the environment, a file or a secret: never print it.
    public var isSecret = false
    /// The value could not be found, and that has been reported.
    var isBroken = false

    public init(_ content: Content, at position: SourcePosition, style: ScalarStyle = .plain) {
        self.content = content
        self.position = position
        self.style = style
    }

    /// The characters of a scalar, nil for anything else.
    public var text: String? {
        guard case .scalar(let text) = content else { return nil }
        return text
    }

    public var isMap: Bool {
        guard case .map = content else { return false }
        return true
    }

    public var isNull: Bool {
        guard case .null = content else { return false }
        return true
    }

    /// What stands there, for messages; a secret is `***`.
    public var shown: String {
        switch content {
        case .null: "nothing"
        case .scalar where isSecret: "***"
        case .scalar(let text) where text.count > 60: "\"\(text.prefix(57))…\""
        case .scalar(let text): "\"\(text)\""
        case .list: "a list"
        case .map: "a group of settings"
        }
    }
}

extension ConfigNode: Equatable {
    /// Content alone; places do not count.
    public static func == (a: ConfigNode, b: ConfigNode) -> Bool {
        switch (a.content, b.content) {
        case (.null, .null): true
        case (.scalar(let a), .scalar(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
