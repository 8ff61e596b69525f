extension Optional: SettingValue where Wrapped: SettingValue {
    public static var shape: SettingShape { Wrapped.shape }
    @inlinable
    public static var absentValue: Wrapped?? { .some(.none) }

    @inlinable
    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Wrapped?? {
        guard let value = Wrapped.decode(node, in: context) else { return nil }
        return .some(.some(value))
    }

    public var encoded: JSONValue { self?.encoded ?? .null }
}

extension Array: SettingValue where Element: SettingValue {
    public static var shape: SettingShape { .list(Element.shape) }

    /// All elements that can be decoded; the others have been reported.
    @inlinable
    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> [Element]? {
        guard case .list(let nodes) = node.content else {
            context.mismatch(node, expected: "a list of \(Element.shape.name)", remedy: "write `[…]`, or one `- …` a line")
            return nil
        }
        var elements: [Element] = []
        elements.reserveCapacity(nodes.count)
        for (i, node) in nodes.enumerated() {
            context.within(i) {
                if let element = Element.decode(node, in: context) { elements.append(element) }
            }
        }
        return elements
    }

    public var encoded: JSONValue { .array(map(\.encoded)) }
}

/// A map that keeps the order of the file and the place of every entry.
public struct OrderedMap<Value: SettingValue>: SettingValue {
    public struct Entry: Sendable {
        public var key: String
        public var value: Value
        /// Where the key stands.
        public var position: SourcePosition
        /// The value came from the environment, a file or a secret: never print it.
        public var isSecret: Bool

        public init(_ key: String, _ value: Value, at position: SourcePosition = .none, isSecret: Bool = false) {
            self.key = key
            self.value = value
            self.position = position
            self.isSecret = isSecret
        }
    }

    public var entries: [Entry]

    public init(_ entries: [Entry] = []) { self.entries = entries }

    public var isEmpty: Bool { entries.isEmpty }
    public subscript(key: String) -> Value? { entries.first { $0.key == key }?.value }

    public static var shape: SettingShape { .map(Value.shape) }

    @inlinable
    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> OrderedMap? {
        guard case .map(let nodes) = node.content else {
            context.mismatch(node, expected: "a map to \(Value.shape.name)", remedy: "write `{ key: value }`")
            return nil
        }
        var map = OrderedMap()
        map.entries.reserveCapacity(nodes.count)
        for node in nodes {
            context.within(node.key) {
                guard let value = Value.decode(node.value, in: context) else { return }
                map.entries.append(Entry(node.key, value, at: node.position, isSecret: node.value.isSecret))
            }
        }
        return map
    }

    public var encoded: JSONValue { .object(entries.map { .init($0.key, $0.value.encoded) }) }
}

extension OrderedMap.Entry: Equatable {
    public static func == (a: Self, b: Self) -> Bool { a.key == b.key && a.value == b.value }
}

extension OrderedMap: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements.map { Entry($0, $1) }) }
}
